import type { ErrorCode } from '../../worker/contract/errors.ts'
import type { ModelId } from '../../worker/contract/model-id.ts'
import type { BatchClosedBy, BatchFinished, RequestFinished, RestartCause } from '../core/events.ts'
import type { MetricFamily } from './exposition/family.ts'
import type { Histogram } from './instruments/histogram.ts'
import { HistogramMetric, ValueMetric, type Value } from './instruments/metric.ts'
import { RequestTotals } from './request-totals.ts'

const MODEL = ['model', 'version'] as const

const MS_PER_SECOND = 1000
/** From half a millisecond, a tiny model on loopback, to the default time-out. */
const SECONDS_BUCKETS = [
  0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120,
]
const SIZE_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]

/** Times that wait to be observed. */
const MAX_WAITING = 1024

/** The metrics that carry model and version, with one set of series for each registered version. */
export class ModelMetrics {
  readonly requests = counter(
    'requests_total',
    'Accepted requests by outcome: ok, or an error code.',
    'outcome',
  )
  readonly rejections = counter(
    'requests_rejected_total',
    'Requests refused at admission, by reason.',
    'reason',
  )
  readonly restarts = counter('worker_restarts_total', 'Worker processes replaced, by cause.', 'cause')
  readonly batchesClosed = counter(
    'batches_closed_total',
    'Batches by why they took no more requests: full, idle_worker, delay, deadline, shape.',
    'reason',
  )
  readonly busySeconds = counter(
    'worker_busy_seconds_total',
    'Time that workers spent on batches, the hop included; its rate over the ready workers is their utilisation.',
  )
  readonly deviceBusySeconds = counter(
    'device_busy_seconds_total',
    'Time in which GPUs ran the graph, as their workers measured it; its rate over the devices is the share that they are busy.',
  )
  readonly requestSeconds = seconds('request_seconds', 'Time from arrival to outcome of accepted requests.')
  readonly queueSeconds = seconds('queue_seconds', 'Time from arrival to dispatch of accepted requests.')
  readonly stageSeconds = seconds(
    'batch_stage_seconds',
    'Time of whole batches in each stage, as the worker measured it.',
    'stage',
  )
  readonly batchRequests = sizes('batch_requests', 'Requests in a batch.')
  readonly batchRows = sizes('batch_rows', 'Rows of a batch that went through the engine.')
  /** Batches so far. */
  batches = 0

  collect(): MetricFamily[] {
    return this.all().map((metric) => metric.collect())
  }

  all(): readonly (ValueMetric | HistogramMetric)[] {
    return [
      this.requests,
      this.rejections,
      this.restarts,
      this.batchesClosed,
      this.busySeconds,
      this.deviceBusySeconds,
      this.requestSeconds,
      this.queueSeconds,
      this.stageSeconds,
      this.batchRequests,
      this.batchRows,
    ]
  }
}

function counter(name: string, help: string, ...labels: string[]): ValueMetric {
  return new ValueMetric('counter', { name: `onnxserve_${name}`, help, labelNames: [...MODEL, ...labels] })
}

function seconds(name: string, help: string, ...labels: string[]): HistogramMetric {
  const head = { name: `onnxserve_${name}`, help, labelNames: [...MODEL, ...labels] }
  return new HistogramMetric(SECONDS_BUCKETS, head)
}

function sizes(name: string, help: string): HistogramMetric {
  return new HistogramMetric(SIZE_BUCKETS, { name: `onnxserve_${name}`, help, labelNames: MODEL })
}

/**
 * The series of one version, with its labels looked up once.
 *
 * Times of requests are noted first and observed many at once: the buckets are not touched between two requests. An
 * observation costs 0.1 µs then, a sixth of prom-client's (measured).
 */
export class VersionSeries {
  readonly model: ModelId
  /** Requests that named the version. */
  readonly named = new RequestTotals()
  /** Of the batch that finished last; undefined before the first. `number` orders the batches of all versions. */
  lastBatch: { readonly number: number; readonly handlerMs: number; readonly workerMs: number } | undefined
  /** Requests that named no version of the model; all its versions share them. */
  readonly #byDefault: RequestTotals
  readonly #metrics: ModelMetrics
  readonly #ok: Value
  readonly #busySeconds: Value
  #deviceBusySeconds: Value | undefined
  readonly #requestSeconds: Histogram
  readonly #queueSeconds: Histogram
  readonly #stages: Readonly<Record<'preprocess' | 'inference' | 'postprocess', Histogram>>
  readonly #batchRequests: Histogram
  readonly #batchRows: Histogram
  /** Looked up when a reason is met first. */
  readonly #closedBy: Partial<Record<BatchClosedBy, Value>> = {}
  /** Request and queue times in turn, not in the histograms yet. */
  readonly #waiting: number[] = []

  constructor(metrics: ModelMetrics, model: ModelId, byDefault: RequestTotals) {
    const { name, version } = model
    const stage = (stageName: string) => metrics.stageSeconds.with(name, version, stageName)
    this.model = model
    this.#metrics = metrics
    this.#byDefault = byDefault
    this.#ok = metrics.requests.with(name, version, 'ok')
    this.#busySeconds = metrics.busySeconds.with(name, version)
    this.#requestSeconds = metrics.requestSeconds.with(name, version)
    this.#queueSeconds = metrics.queueSeconds.with(name, version)
    this.#stages = {
      preprocess: stage('preprocess'),
      inference: stage('inference'),
      postprocess: stage('postprocess'),
    }
    this.#batchRequests = metrics.batchRequests.with(name, version)
    this.#batchRows = metrics.batchRows.with(name, version)
  }

  requestFinished({ code, totalMs, queueMs, byDefault }: RequestFinished): void {
    if (code === undefined) this.#ok.value++
    else this.#ofOutcome(code).add()
    this.#waiting.push(totalMs, queueMs)
    if (this.#waiting.length >= MAX_WAITING) this.flush()
    const totals = byDefault ? this.#byDefault : this.named
    totals.add(totalMs, queueMs)
  }

  /** Observes what was noted; before every scrape. */
  flush(): void {
    for (let i = 0; i < this.#waiting.length; i += 2) {
      this.#requestSeconds.observe((this.#waiting[i] ?? 0) / MS_PER_SECOND)
      this.#queueSeconds.observe((this.#waiting[i + 1] ?? 0) / MS_PER_SECOND)
    }
    this.#waiting.length = 0
  }

  requestRejected(reason: string): void {
    this.#metrics.rejections.with(this.model.name, this.model.version, reason).add()
  }

  batchFinished({ requests, workerMs, timing, closedBy }: BatchFinished): void {
    const { preprocessMs, inferenceMs, postprocessMs, rows, deviceBusyMs } = timing
    this.#closed(closedBy).value++
    this.#batchRequests.observe(requests)
    this.#batchRows.observe(rows)
    this.#stages.preprocess.observe(preprocessMs / MS_PER_SECOND)
    this.#stages.inference.observe(inferenceMs / MS_PER_SECOND)
    this.#stages.postprocess.observe(postprocessMs / MS_PER_SECOND)
    this.#busySeconds.add(workerMs / MS_PER_SECOND)
    if (deviceBusyMs !== undefined) this.#ofDevices().add(deviceBusyMs / MS_PER_SECOND)
    const handlerMs = preprocessMs + inferenceMs + postprocessMs
    this.lastBatch = { number: this.#metrics.batches++, handlerMs, workerMs }
  }

  #closed(reason: BatchClosedBy): Value {
    const { name, version } = this.model
    return (this.#closedBy[reason] ??= this.#metrics.batchesClosed.with(name, version, reason))
  }

  /** Only versions on GPUs have it. */
  #ofDevices(): Value {
    const { name, version } = this.model
    return (this.#deviceBusySeconds ??= this.#metrics.deviceBusySeconds.with(name, version))
  }

  workerProcessRestarted(cause: RestartCause): void {
    this.#metrics.restarts.with(this.model.name, this.model.version, cause).add()
  }

  /** Removes every series of this version. */
  drop(): void {
    for (const metric of this.#metrics.all()) metric.remove(this.model.name, this.model.version)
  }

  #ofOutcome(code: ErrorCode): Value {
    return this.#metrics.requests.with(this.model.name, this.model.version, code)
  }
}
