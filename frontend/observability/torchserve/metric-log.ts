import type { MetricSample } from '../../../worker/contract/messages.ts'
import type { EventBus, RequestFinished } from '../../core/events.ts'
import type { ResponseFacts } from '../http-metrics.ts'
import type { SystemReading } from '../system/system-reading.ts'
import { metricLine } from './metric-line.ts'
import { MODEL_NAMES, TS_METRICS, type TsName, type TsReading, type TsRow } from './ts-metrics.ts'
import { DEFAULT_VERSION, MICROSECONDS_PER_MS, systemRows, workerName } from './ts-reading.ts'
import type { TsDefinitions } from './ts-source.ts'

/** Where lines go: those of the server, and those of models. */
export type MetricLineSinks = {
  readonly server: (line: string) => void
  readonly models: (line: string) => void
}

export type MetricLogOptions = {
  readonly events: EventBus
  readonly hostname: string
  readonly definitions: TsDefinitions
  /** Metrics that leave no lines, because the endpoint shows them. */
  readonly except: readonly TsName[]
  readonly sinks: MetricLineSinks
  readonly nowMs: () => number
}

/** Writes a line for every observation, as TorchServe does when it does not show metrics at its endpoint. */
export class MetricLog {
  readonly #options: MetricLogOptions

  constructor(options: MetricLogOptions) {
    this.#options = options
    this.#subscribe(options.events)
  }

  response({ status }: ResponseFacts): void {
    const statusClass = Math.floor(status / 100)
    if (statusClass === 2 || statusClass === 4 || statusClass === 5) {
      this.#write(`Requests${statusClass}XX`, this.#host(1))
    }
  }

  system(reading: SystemReading): void {
    this.#writeAll(systemRows(reading, this.#options.hostname))
  }

  /** A handler's own metric. */
  sample({ name, unit, value, kind, dimensions }: MetricSample): void {
    const { sinks } = this.#options
    sinks.models(this.#line({ name, unit, value, kind, dimensions: Object.entries(dimensions) }))
  }

  #subscribe(events: EventBus): void {
    events.on('requestFinished', (request) => {
      this.#request(request)
    })
    events.on('batchFinished', ({ model, workerMs, timing }) => {
      const handlerMs = timing.preprocessMs + timing.inferenceMs + timing.postprocessMs
      const ofModel = (value: number) => ({ values: [model.name, 'Model', ''], value })
      this.#writeAll({
        WorkerThreadTime: [this.#host(Math.max(0, workerMs - handlerMs))],
        HandlerTime: [ofModel(handlerMs)],
        PredictionTime: [ofModel(workerMs)],
      })
    })
    events.on('workerReady', ({ model, pid, threadId, loadMs }) => {
      this.#write('WorkerLoadTime', { values: [workerName(model, pid, threadId), 'Host', ''], value: loadMs })
    })
  }

  #request({ model, byDefault, totalMs, queueMs }: RequestFinished): void {
    const ofRequest = (value: number) => [
      { values: [model.name, byDefault ? DEFAULT_VERSION : model.version, ''], value },
    ]
    this.#writeAll({
      ts_inference_requests_total: ofRequest(1),
      ts_inference_latency_microseconds: ofRequest(totalMs * MICROSECONDS_PER_MS),
      ts_queue_latency_microseconds: ofRequest(queueMs * MICROSECONDS_PER_MS),
      QueueTime: [this.#host(queueMs)],
    })
  }

  #host(value: number): TsRow {
    return { values: ['Host', ''], value }
  }

  #writeAll(reading: TsReading): void {
    for (const [name, rows] of Object.entries(reading)) {
      for (const row of rows) this.#write(name as TsName, row) // the keys of a reading are names
    }
  }

  #write(name: TsName, { values, value }: TsRow): void {
    const { definitions, except, sinks } = this.#options
    const definition = definitions[name]
    if (definition === undefined || except.includes(name)) return
    // The last dimension is the host.
    const dimensions = definition.dimensions
      .slice(0, -1)
      .map((dimension, i): [string, string] => [dimension, values[i] ?? ''])
    const facts = { name, unit: definition.unit, value, dimensions }
    if (MODEL_NAMES.includes(name)) sinks.models(this.#line({ ...facts, kind: TS_METRICS[name].kind }))
    else sinks.server(this.#line(facts))
  }

  #line(facts: Omit<Parameters<typeof metricLine>[0], 'hostname' | 'nowSeconds'>): string {
    const { hostname, nowMs } = this.#options
    return metricLine({ ...facts, hostname, nowSeconds: Math.floor(nowMs() / 1000) })
  }
}
