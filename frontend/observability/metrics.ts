import { formatModelId, type ModelId } from '../../worker/contract/model-id.ts'
import type { EventBus } from '../core/events.ts'
import type { MetricFamily } from './exposition/family.ts'
import { HttpMetrics, type ResponseFacts } from './http-metrics.ts'
import { versionGauges, type VersionReading } from './version-gauges.ts'
import { ModelMetrics, VersionSeries } from './version-series.ts'

export type MetricsOptions = {
  readonly events: EventBus
  /** Read once for every scrape: all registered versions. */
  readonly readVersions: () => readonly VersionReading[]
}

/** What the server measures of itself. Only registered versions have series; they go when the version goes. */
export class Metrics {
  readonly http = new HttpMetrics()
  readonly #models = new ModelMetrics()
  readonly #readVersions: () => readonly VersionReading[]
  readonly #series = new Map<string, VersionSeries>()

  constructor({ events, readVersions }: MetricsOptions) {
    this.#readVersions = readVersions
    this.#subscribe(events)
  }

  /** The series of every registered version that has been loading. */
  get series(): Iterable<VersionSeries> {
    return this.#series.values()
  }

  countResponse(facts: ResponseFacts): void {
    this.http.count(facts)
  }

  collect(): MetricFamily[] {
    for (const series of this.#series.values()) series.flush()
    return [...this.#models.collect(), ...this.http.collect(), ...versionGauges(this.#readVersions())]
  }

  #subscribe(events: EventBus): void {
    events.on('requestFinished', (request) => {
      this.#find(request.model)?.requestFinished(request)
    })
    events.on('requestRejected', ({ model, reason }) => {
      this.#findOrAdd(model).requestRejected(reason)
    })
    events.on('batchFinished', ({ model, requests, workerMs, timing }) => {
      this.#find(model)?.batchFinished(requests, workerMs, timing)
    })
    events.on('workerProcessRestarted', ({ model, cause }) => {
      this.#find(model)?.workerProcessRestarted(cause)
    })
    events.on('stateChanged', ({ model, to }) => {
      // Its series start with its first load: zeros before the first request. Later events of a version that
      // is gone must not bring them back.
      if (to === 'loading') this.#findOrAdd(model)
    })
    events.on('versionRemoved', ({ model }) => {
      this.#drop(model)
    })
  }

  #find(model: ModelId): VersionSeries | undefined {
    return this.#series.get(formatModelId(model))
  }

  #findOrAdd(model: ModelId): VersionSeries {
    const found = this.#find(model)
    if (found !== undefined) return found
    const series = new VersionSeries(this.#models, model)
    this.#series.set(formatModelId(model), series)
    return series
  }

  #drop(model: ModelId): void {
    const key = formatModelId(model)
    this.#series.get(key)?.drop()
    this.#series.delete(key)
  }
}
