import type { Labels, MetricFamily } from '../exposition/family.ts'
import { Histogram } from './histogram.ts'

/** One number: a counter's sum, or what a gauge shows now. */
export class Value {
  value = 0

  add(amount = 1): void {
    this.value += amount
  }

  set(value: number): void {
    this.value = value
  }
}

export type MetricHead = {
  readonly name: string
  readonly help: string
  readonly unit?: string
  readonly labelNames: readonly string[]
}

type Series<T> = { readonly values: readonly string[]; readonly instrument: T }

/** A metric: its series by their label values. Whoever observes often keeps the instrument. */
abstract class Metric<T> {
  protected readonly head: MetricHead
  readonly #series = new Map<string, Series<T>>()

  constructor(head: MetricHead) {
    this.head = head
  }

  get name(): string {
    return this.head.name
  }

  get size(): number {
    return this.#series.size
  }

  /** The series with these label values, in the order of the label names; made when it is first asked for. */
  with(...values: readonly string[]): T {
    const key = keyOf(values)
    const found = this.#series.get(key)
    if (found !== undefined) return found.instrument
    const instrument = this.create()
    this.#series.set(key, { values, instrument })
    return instrument
  }

  has(...values: readonly string[]): boolean {
    return this.#series.has(keyOf(values))
  }

  /** Removes every series whose first labels have these values; without any, all of them. */
  remove(...firstValues: readonly string[]): void {
    for (const [key, { values }] of this.#series) {
      if (firstValues.every((value, i) => values[i] === value)) this.#series.delete(key)
    }
  }

  abstract collect(): MetricFamily

  protected abstract create(): T

  protected points(): { labels: Labels; instrument: T }[] {
    return [...this.#series.values()].map(({ values, instrument }) => ({
      labels: this.head.labelNames.map((name, i) => [name, values[i] ?? '']),
      instrument,
    }))
  }
}

export class ValueMetric extends Metric<Value> {
  readonly #kind: 'counter' | 'gauge'

  constructor(kind: 'counter' | 'gauge', head: MetricHead) {
    super(head)
    this.#kind = kind
  }

  override collect(): MetricFamily {
    const points = this.points().map(({ labels, instrument }) => ({ labels, value: instrument.value }))
    return { ...headOf(this.head), kind: this.#kind, points }
  }

  protected override create(): Value {
    return new Value()
  }
}

export class HistogramMetric extends Metric<Histogram> {
  readonly #bounds: readonly number[]

  /** @param bounds upper bounds of the fixed buckets, ascending, without infinity */
  constructor(bounds: readonly number[], head: MetricHead) {
    super(head)
    this.#bounds = bounds
  }

  override collect(): MetricFamily {
    const points = this.points().map(({ labels, instrument }) => ({ labels, histogram: instrument.read() }))
    return { ...headOf(this.head), kind: 'histogram', points }
  }

  protected override create(): Histogram {
    return new Histogram(this.#bounds)
  }
}

function headOf({ name, help, unit }: MetricHead): Pick<MetricFamily, 'name' | 'help' | 'unit'> {
  return { name, help, ...(unit === undefined ? {} : { unit }) }
}

/** Every series of a metric has as many values, so the two spellings never meet. */
function keyOf(values: readonly string[]): string {
  return values.length === 1 ? (values[0] ?? '') : JSON.stringify(values)
}
