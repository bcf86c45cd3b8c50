import { collectDefaultMetrics, Counter, Registry } from 'prom-client'
import { formatModelId, type ModelId } from '../../worker/contract/model-id.ts'
import type { EventBus } from '../core/events.ts'
import { addVersionGauges, type VersionReading } from './version-gauges.ts'
import { ModelMetrics, type VersionSeries } from './version-series.ts'

export type MetricsOptions = {
  readonly events: EventBus
  /** Read once for every scrape: all registered versions. */
  readonly readVersions: () => readonly VersionReading[]
  /** Memory, CPU, event-loop lag and garbage collection of this process; default true. */
  readonly processMetrics?: boolean
}

/** Everything that Prometheus sees. Only registered versions have series; they go when the version goes. */
export class Metrics {
  readonly #registry = new Registry()
  readonly #models: ModelMetrics
  readonly #readVersions: () => readonly VersionReading[]
  readonly #updateVersionGauges: (versions: readonly VersionReading[]) => void
  readonly #series = new Map<string, VersionSeries>()
  readonly #responses: Counter<'status_class'>
  /** Responses since the last scrape, by the first digit of their status. */
  readonly #responseCounts = [0, 0, 0, 0, 0, 0]

  constructor({ events, readVersions, processMetrics = true }: MetricsOptions) {
    this.#models = new ModelMetrics(this.#registry)
    this.#responses = new Counter({
      name: 'onnxserve_http_responses_total',
      help: 'Responses on all listeners by class of their status.',
      labelNames: ['status_class'],
      registers: [this.#registry],
    })
    this.#readVersions = readVersions
    this.#updateVersionGauges = addVersionGauges(this.#registry)
    if (processMetrics) collectDefaultMetrics({ register: this.#registry })
    this.#subscribe(events)
  }

  countResponse(status: number): void {
    const statusClass = Math.floor(status / 100)
    this.#responseCounts[statusClass] = (this.#responseCounts[statusClass] ?? 0) + 1
  }

  async render(): Promise<{ readonly contentType: string; readonly body: string }> {
    for (const series of this.#series.values()) series.flush()
    this.#updateVersionGauges(this.#readVersions())
    this.#responseCounts.forEach((count, statusClass) => {
      if (count > 0) this.#responses.inc({ status_class: `${statusClass}xx` }, count)
    })
    this.#responseCounts.fill(0)
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() }
  }

  #subscribe(events: EventBus): void {
    events.on('requestFinished', ({ model, code, totalMs, queueMs }) => {
      this.#find(model)?.requestFinished(code, totalMs, queueMs)
    })
    events.on('requestRejected', ({ model, reason }) => this.#findOrAdd(model).requestRejected(reason))
    events.on('batchFinished', ({ model, requests, timing }) => {
      this.#find(model)?.batchFinished(requests, timing)
    })
    events.on('workerProcessRestarted', ({ model, cause }) => {
      this.#find(model)?.workerProcessRestarted(cause)
    })
    events.on('stateChanged', ({ model, to }) => {
      // Its series start with its first load: zeros before the first request. Later events of a version that
      // is gone must not bring them back.
      if (to === 'loading') this.#findOrAdd(model)
    })
    events.on('versionRemoved', ({ model }) => this.#drop(model))
  }

  #find(model: ModelId): VersionSeries | undefined {
    return this.#series.get(formatModelId(model))
  }

  #findOrAdd(model: ModelId): VersionSeries {
    const found = this.#find(model)
    if (found !== undefined) return found
    const series = this.#models.seriesOf(model)
    this.#series.set(formatModelId(model), series)
    return series
  }

  #drop(model: ModelId): void {
    const key = formatModelId(model)
    this.#series.get(key)?.drop()
    this.#series.delete(key)
  }
}
