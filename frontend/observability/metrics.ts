import { formatModelId, type ModelId } from '../../worker/contract/model-id.ts'
import type { EventBus } from '../core/events.ts'
import type { MetricFamily } from './exposition/family.ts'
import { HttpMetrics, type ResponseFacts } from './http-metrics.ts'
import { RequestTotals } from './request-totals.ts'
import { versionGauges, type VersionReading } from './version-gauges.ts'
import { ModelMetrics, VersionSeries } from './version-series.ts'

/** What the server measures of itself. Only registered versions have series; they go when the version goes. */
export class Metrics {
  readonly http = new HttpMetrics()
  /** Of the request and the batch that finished last; undefined before the first. */
  readonly latest: { queueMs?: number; workerOverheadMs?: number } = {}
  /** By model: requests that named no version. */
  readonly defaultTotals = new Map<string, RequestTotals>()
  readonly #models = new ModelMetrics()
  readonly #series = new Map<string, VersionSeries>()

  constructor(events: EventBus) {
    this.#subscribe(events)
  }

  /** The series of every registered version that has been loading. */
  get series(): Iterable<VersionSeries> {
    return this.#series.values()
  }

  countResponse(facts: ResponseFacts): void {
    this.http.count(facts)
  }

  /** @param versions all that are registered, as they stand */
  collect(versions: readonly VersionReading[]): MetricFamily[] {
    for (const series of this.#series.values()) series.flush()
    return [...this.#models.collect(), ...this.http.collect(), ...versionGauges(versions)]
  }

  #subscribe(events: EventBus): void {
    events.on('requestFinished', (request) => {
      this.latest.queueMs = request.queueMs
      this.#find(request.model)?.requestFinished(request)
    })
    events.on('requestRejected', ({ model, reason }) => {
      this.#findOrAdd(model).requestRejected(reason)
    })
    events.on('batchFinished', (batch) => {
      const { workerMs, timing } = batch
      const { preprocessMs, inferenceMs, postprocessMs } = timing
      this.latest.workerOverheadMs = Math.max(0, workerMs - preprocessMs - inferenceMs - postprocessMs)
      this.#find(batch.model)?.batchFinished(batch)
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
    const byDefault = this.defaultTotals.get(model.name) ?? new RequestTotals()
    this.defaultTotals.set(model.name, byDefault)
    const series = new VersionSeries(this.#models, model, byDefault)
    this.#series.set(formatModelId(model), series)
    return series
  }

  #drop(model: ModelId): void {
    const key = formatModelId(model)
    this.#series.get(key)?.drop()
    this.#series.delete(key)
    if (![...this.series].some(({ model: other }) => other.name === model.name)) {
      this.defaultTotals.delete(model.name)
    }
  }
}
