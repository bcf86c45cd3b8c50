import type { NativeBuckets, SparseCounts } from '../exposition/family.ts'

/** Neighbouring bounds differ by 2^(1/8): a quantile is at most 4.4 % off. */
const FIRST_SCHEMA = 3
/** Base 2^16: all numbers fit into fewer buckets than the limit. */
const COARSEST_SCHEMA = -4
/** Populated buckets of one histogram; more halve the resolution. */
const MAX_BUCKETS = 160
/** 2^−128, where Prometheus' own clients put it. */
const ZERO_THRESHOLD = 2 ** -128

/**
 * Counts in buckets whose bounds grow exponentially; only populated ones exist. When there would be too many,
 * neighbours merge in pairs: every bound of the coarser schema is one of the finer.
 */
export class ExponentialBuckets {
  #schema = FIRST_SCHEMA
  #bucketsPerOctave = 2 ** FIRST_SCHEMA
  #zeroCount = 0
  #positive = new Map<number, number>()
  #negative = new Map<number, number>()

  /** @param value finite */
  observe(value: number): void {
    if (value > ZERO_THRESHOLD) this.#add(this.#positive, value)
    else if (value < -ZERO_THRESHOLD) this.#add(this.#negative, -value)
    else this.#zeroCount++
  }

  read(): NativeBuckets {
    return {
      schema: this.#schema,
      zeroThreshold: ZERO_THRESHOLD,
      zeroCount: this.#zeroCount,
      positive: sorted(this.#positive),
      negative: sorted(this.#negative),
    }
  }

  #add(side: Map<number, number>, magnitude: number): void {
    const index = Math.ceil(Math.log2(magnitude) * this.#bucketsPerOctave)
    const count = side.get(index)
    side.set(index, (count ?? 0) + 1)
    if (count === undefined) this.#bound()
  }

  #bound(): void {
    while (this.#positive.size + this.#negative.size > MAX_BUCKETS && this.#schema > COARSEST_SCHEMA) {
      this.#schema--
      this.#bucketsPerOctave /= 2
      this.#positive = merged(this.#positive)
      this.#negative = merged(this.#negative)
    }
  }
}

/** Buckets 2n−1 and 2n of a schema are bucket n of the next coarser one. */
function merged(counts: ReadonlyMap<number, number>): Map<number, number> {
  const result = new Map<number, number>()
  for (const [index, count] of counts) {
    const coarser = Math.ceil(index / 2)
    result.set(coarser, (result.get(coarser) ?? 0) + count)
  }
  return result
}

function sorted(counts: ReadonlyMap<number, number>): SparseCounts {
  return [...counts].sort(([a], [b]) => a - b)
}
