import { Counter, Histogram, type Registry } from 'prom-client'
import type { ErrorCode } from '../../worker/contract/errors.ts'
import type { BatchTiming } from '../../worker/contract/messages.ts'
import type { ModelId } from '../../worker/contract/model-id.ts'
import type { RestartCause } from '../core/events.ts'

const MODEL = ['model', 'version'] as const
type ModelLabel = (typeof MODEL)[number]

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
  readonly requests: Counter<ModelLabel | 'outcome'>
  readonly rejections: Counter<ModelLabel | 'reason'>
  readonly restarts: Counter<ModelLabel | 'cause'>
  readonly requestSeconds: Histogram<ModelLabel>
  readonly queueSeconds: Histogram<ModelLabel>
  readonly stageSeconds: Histogram<ModelLabel | 'stage'>
  readonly batchRequests: Histogram<ModelLabel>
  readonly batchRows: Histogram<ModelLabel>

  constructor(registry: Registry) {
    const registers = [registry]
    const counter = <L extends string>(name: string, help: string, label: L) =>
      new Counter({ name: `onnxserve_${name}`, help, labelNames: [...MODEL, label], registers })
    const seconds = (name: string, help: string) =>
      new Histogram({
        name: `onnxserve_${name}`,
        help,
        labelNames: MODEL,
        buckets: SECONDS_BUCKETS,
        registers,
      })
    const sizes = (name: string, help: string) =>
      new Histogram({ name: `onnxserve_${name}`, help, labelNames: MODEL, buckets: SIZE_BUCKETS, registers })
    this.requests = counter(
      'requests_total',
      'Accepted requests by outcome: ok, or an error code.',
      'outcome',
    )
    this.rejections = counter(
      'requests_rejected_total',
      'Requests refused at admission, by reason.',
      'reason',
    )
    this.restarts = counter('worker_restarts_total', 'Worker processes replaced, by cause.', 'cause')
    this.requestSeconds = seconds('request_seconds', 'Time from arrival to outcome of accepted requests.')
    this.queueSeconds = seconds('queue_seconds', 'Time from arrival to dispatch of accepted requests.')
    this.stageSeconds = new Histogram({
      name: 'onnxserve_batch_stage_seconds',
      help: 'Time of whole batches in each stage, as the worker measured it.',
      labelNames: [...MODEL, 'stage'],
      buckets: SECONDS_BUCKETS,
      registers,
    })
    this.batchRequests = sizes('batch_requests', 'Requests in a batch.')
    this.batchRows = sizes('batch_rows', 'Rows of a batch that went through the engine.')
  }

  seriesOf(model: ModelId): VersionSeries {
    return new VersionSeries(this, model)
  }
}

/**
 * The series of one version, with its labels looked up once.
 *
 * Observing costs prom-client about 2 µs when its code is cold, as it is between two requests, and 0.5 µs in a row
 * (measured): times of requests are noted first, and observed many at once.
 */
export class VersionSeries {
  readonly #metrics: ModelMetrics
  readonly #labels: readonly [string, string]
  readonly #outcomes: LazyChildren<Counter.Internal>
  readonly #rejections: LazyChildren<Counter.Internal>
  readonly #restarts: LazyChildren<Counter.Internal>
  readonly #requestSeconds: Histogram.Internal<ModelLabel>
  readonly #queueSeconds: Histogram.Internal<ModelLabel>
  readonly #stages: Readonly<Record<'preprocess' | 'inference' | 'postprocess', Histogram.Internal<string>>>
  readonly #batchRequests: Histogram.Internal<ModelLabel>
  readonly #batchRows: Histogram.Internal<ModelLabel>
  /** Request and queue times in turn, not in the registry yet. */
  readonly #waiting: number[] = []
  #okCount = 0

  constructor(metrics: ModelMetrics, { name, version }: ModelId) {
    this.#metrics = metrics
    this.#labels = [name, version]
    this.#outcomes = new LazyChildren((outcome) => metrics.requests.labels(name, version, outcome))
    this.#rejections = new LazyChildren((reason) => metrics.rejections.labels(name, version, reason))
    this.#restarts = new LazyChildren((cause) => metrics.restarts.labels(name, version, cause))
    this.#requestSeconds = metrics.requestSeconds.labels(name, version)
    this.#queueSeconds = metrics.queueSeconds.labels(name, version)
    this.#stages = {
      preprocess: metrics.stageSeconds.labels(name, version, 'preprocess'),
      inference: metrics.stageSeconds.labels(name, version, 'inference'),
      postprocess: metrics.stageSeconds.labels(name, version, 'postprocess'),
    }
    this.#batchRequests = metrics.batchRequests.labels(name, version)
    this.#batchRows = metrics.batchRows.labels(name, version)
    this.flush()
  }

  requestFinished(code: ErrorCode | undefined, totalMs: number, queueMs: number): void {
    if (code === undefined) this.#okCount++
    else this.#outcomes.get(code).inc()
    this.#waiting.push(totalMs / MS_PER_SECOND, queueMs / MS_PER_SECOND)
    if (this.#waiting.length >= MAX_WAITING) this.flush()
  }

  /** Moves what was noted into the registry; before every scrape. */
  flush(): void {
    for (let i = 0; i < this.#waiting.length; i += 2) {
      this.#requestSeconds.observe(this.#waiting[i] ?? 0)
      this.#queueSeconds.observe(this.#waiting[i + 1] ?? 0)
    }
    this.#waiting.length = 0
    this.#outcomes.get('ok').inc(this.#okCount)
    this.#okCount = 0
  }

  requestRejected(reason: string): void {
    this.#rejections.get(reason).inc()
  }

  batchFinished(requests: number, timing: BatchTiming): void {
    this.#batchRequests.observe(requests)
    this.#batchRows.observe(timing.rows)
    this.#stages.preprocess.observe(timing.preprocessMs / MS_PER_SECOND)
    this.#stages.inference.observe(timing.inferenceMs / MS_PER_SECOND)
    this.#stages.postprocess.observe(timing.postprocessMs / MS_PER_SECOND)
  }

  workerProcessRestarted(cause: RestartCause): void {
    this.#restarts.get(cause).inc()
  }

  /** Removes every series of this version from the registry. */
  drop(): void {
    const { requests, rejections, restarts, stageSeconds, ...plain } = this.#metrics
    for (const outcome of this.#outcomes.names()) requests.remove(...this.#labels, outcome)
    for (const reason of this.#rejections.names()) rejections.remove(...this.#labels, reason)
    for (const cause of this.#restarts.names()) restarts.remove(...this.#labels, cause)
    for (const stage of Object.keys(this.#stages)) stageSeconds.remove(...this.#labels, stage)
    for (const histogram of Object.values(plain)) histogram.remove(...this.#labels)
  }
}

/** Children of one more label, made when it first takes a value. Its values come from code, never from callers. */
class LazyChildren<T> {
  readonly #children = new Map<string, T>()
  readonly #create: (name: string) => T

  constructor(create: (name: string) => T) {
    this.#create = create
  }

  get(name: string): T {
    let child = this.#children.get(name)
    if (child === undefined) {
      child = this.#create(name)
      this.#children.set(name, child)
    }
    return child
  }

  names(): Iterable<string> {
    return this.#children.keys()
  }
}
