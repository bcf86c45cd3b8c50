import type { MetricKind } from '../../worker/contract/messages.ts'
import { sampleNames, type Labels, type MetricFamily } from './exposition/family.ts'
import { Histogram } from './instruments/histogram.ts'
import { Value } from './instruments/metric.ts'

/** A handler's unit may be anything from seconds to bytes. */
const BUCKETS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500,
  5000, 10_000,
]

type Series = { readonly labels: Labels; readonly instrument: Value | Histogram }

type Observation = { readonly labels: Labels; readonly value: number; readonly maxSeries: number }

export type HandlerMetricHead = { readonly name: string; readonly kind: MetricKind; readonly unit: string }

/** One metric of handlers, with the series of each version that has it. Label names may differ between them. */
export class HandlerMetric {
  readonly kind: MetricKind
  /** Under which its samples appear. */
  readonly sampleNames: readonly string[]
  readonly #head: HandlerMetricHead
  readonly #versions = new Map<string, Map<string, Series>>()

  constructor(head: HandlerMetricHead) {
    this.kind = head.kind
    this.#head = head
    this.sampleNames = sampleNames(this.collect())
  }

  get name(): string {
    return this.#head.name
  }

  get isEmpty(): boolean {
    return this.#versions.size === 0
  }

  has(version: string): boolean {
    return this.#versions.has(version)
  }

  /** @returns false when the version has as many series as it may, and this would be one more */
  observe(version: string, { labels, value, maxSeries }: Observation): boolean {
    const ofVersion = this.#versions.get(version) ?? new Map<string, Series>()
    const key = JSON.stringify(labels)
    let series = ofVersion.get(key)
    if (series === undefined) {
      if (ofVersion.size >= maxSeries) return false
      series = { labels, instrument: this.kind === 'histogram' ? new Histogram(BUCKETS) : new Value() }
      ofVersion.set(key, series)
      this.#versions.set(version, ofVersion)
    }
    const { instrument } = series
    if (instrument instanceof Histogram) instrument.observe(value)
    else if (this.kind === 'counter') instrument.add(value)
    else instrument.set(value)
    return true
  }

  drop(version: string): void {
    this.#versions.delete(version)
  }

  collect(): MetricFamily {
    const { name, unit } = this.#head
    const head = { name, help: `Of a model's handler; in ${unit.toLowerCase()}.`, unit }
    const all = [...this.#versions.values()].flatMap((ofVersion) => [...ofVersion.values()])
    const histograms = all.flatMap(({ labels, instrument }) =>
      instrument instanceof Histogram ? [{ labels, histogram: instrument.read() }] : [],
    )
    const values = all.flatMap(({ labels, instrument }) =>
      instrument instanceof Value ? [{ labels, value: instrument.value }] : [],
    )
    return this.kind === 'histogram'
      ? { ...head, kind: 'histogram', points: histograms }
      : { ...head, kind: this.kind, points: values }
  }
}
