import type { HistogramReading } from '../exposition/family.ts'
import { ExponentialBuckets } from './exponential-buckets.ts'

/** Counts observations in fixed buckets, for the text formats, and in exponential ones. */
export class Histogram {
  readonly #bounds: readonly number[]
  /** One more than bounds: the last is for what exceeds them all. Not cumulative. */
  readonly #counts: Float64Array
  readonly #native = new ExponentialBuckets()
  #count = 0
  #sum = 0

  /** @param bounds upper bounds of the fixed buckets, ascending, without infinity */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = new Float64Array(bounds.length + 1)
  }

  /** What is not a finite number is ignored: it would make the sum useless for ever. */
  observe(value: number): void {
    if (!Number.isFinite(value)) return
    this.#count++
    this.#sum += value
    const index = this.#bucketOf(value)
    this.#counts[index] = (this.#counts[index] ?? 0) + 1
    this.#native.observe(value)
  }

  read(): HistogramReading {
    let cumulativeCount = 0
    const buckets = Array.from(this.#counts, (count, i) => {
      cumulativeCount += count
      return { upperBound: this.#bounds[i] ?? Infinity, cumulativeCount }
    })
    return { count: this.#count, sum: this.#sum, buckets, native: this.#native.read() }
  }

  #bucketOf(value: number): number {
    let low = 0
    let high = this.#bounds.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (value <= (this.#bounds[middle] ?? Infinity)) high = middle
      else low = middle + 1
    }
    return low
  }
}
