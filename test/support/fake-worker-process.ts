import type { OnMemberPiece } from '../../frontend/core/batching/runners.ts'
import { deferred } from '../../frontend/core/deferred.ts'
import type { RestartCause } from '../../frontend/core/events.ts'
import {
  WorkerDied,
  type StartWorkerProcess,
  type WorkerExit,
  type WorkerProcess,
  type WorkerProcessListener,
} from '../../frontend/core/workers/worker-process.ts'
import { ServingError } from '../../worker/contract/errors.ts'
import type {
  BatchRequest,
  BatchResponse,
  BatchResult,
  BatchTiming,
  InstanceReport,
  LoadSpec,
  LogRecord,
  MetricSample,
  WorkerReply,
} from '../../worker/contract/messages.ts'

type Reply = WorkerReply<BatchResponse>

/** The answer of a fake worker to a request: its id, so that a mix-up shows. */
export function echo(request: BatchRequest): Reply {
  return { ok: true, value: { payload: { kind: 'bytes', bytes: new TextEncoder().encode(request.id) } } }
}

export function failure(code: ServingError['code'], message: string, reason?: string): Reply {
  return { ok: false, error: { code, message, ...(reason === undefined ? {} : { reason }) } }
}

/** A batch that a fake worker process runs until it is told how that ends. */
export class FakeBatch {
  readonly requests: readonly BatchRequest[]
  readonly result: Promise<BatchResult>
  /** Ids of the members that nobody waits for any more. */
  readonly cancelled: string[] = []
  /** Sends a piece of the answer of one member. */
  readonly piece: OnMemberPiece
  readonly #outcome = deferred<BatchResult>()
  readonly #onEnd: (batch: FakeBatch) => void

  constructor(requests: readonly BatchRequest[], onPiece: OnMemberPiece, onEnd: (batch: FakeBatch) => void) {
    this.requests = requests
    this.piece = onPiece
    this.#onEnd = onEnd
    this.result = this.#outcome.promise
  }

  /** The members' ids, joined: `r1 r2`. */
  get ids(): string {
    return this.requests.map(({ id }) => id).join(' ')
  }

  answer(replyOf: (request: BatchRequest, index: number) => Reply = echo): void {
    this.reply(this.requests.map(replyOf))
  }

  reply(replies: readonly Reply[], rows = replies.length, measured: Partial<BatchTiming> = {}): void {
    this.#onEnd(this)
    const timing = { preprocessMs: 0, inferenceMs: 0, postprocessMs: 0, rows, runs: 1, ...measured }
    this.#outcome.resolve({ replies, timing })
  }

  reject(error: Error): void {
    this.#outcome.reject(error)
  }
}

/** A worker process without a process: it becomes ready, answers and dies when a test says so. */
export class FakeWorkerProcess implements WorkerProcess {
  readonly pid: number
  readonly startedAt = new Date(0)
  readonly spec: LoadSpec
  /** Running batches, the oldest first. */
  readonly batches: FakeBatch[] = []
  /** What it was killed for, the first reason first. */
  readonly kills: WorkerExit[] = []
  isStopping = false
  isGone = false
  readonly #options: FakeWorkersOptions
  readonly #listener: WorkerProcessListener
  readonly #gone = deferred<void>()
  #readyThreads = 0

  constructor(pid: number, spec: LoadSpec, listener: WorkerProcessListener, options: FakeWorkersOptions) {
    this.pid = pid
    this.spec = spec
    this.#listener = listener
    this.#options = options
  }

  get readyThreads(): number {
    return this.isStopping || this.isGone || this.kills.length > 0 ? 0 : this.#readyThreads
  }

  get runningBatches(): number {
    return this.batches.length
  }

  run(requests: readonly BatchRequest[], onPiece: OnMemberPiece = () => undefined): Promise<BatchResult> {
    const batch = new FakeBatch(requests, onPiece, (ended) => {
      this.batches.splice(this.batches.indexOf(ended), 1)
      if (this.isStopping) this.#exitWhenIdle()
    })
    this.batches.push(batch)
    this.#options.onBatch?.(batch)
    if (this.#options.answers === true) queueMicrotask(() => batch.answer())
    return batch.result
  }

  cancel(requests: readonly BatchRequest[], member: number): void {
    const batch = this.batches.find((each) => each.requests === requests)
    batch?.cancelled.push(requests[member]?.id ?? '')
  }

  kill(cause: RestartCause, detail: string): void {
    this.kills.push({ cause, detail })
    if (this.#options.lingers !== true) queueMicrotask(() => this.exit())
  }

  stop(): Promise<void> {
    this.isStopping = true
    this.#exitWhenIdle()
    return this.#gone.promise
  }

  /** Reports threads as loaded, all unless told how many. */
  ready(threads = this.spec.threads, report: Partial<InstanceReport> = {}): void {
    for (let i = 0; i < threads; i++) {
      this.#readyThreads = Math.min(this.spec.threads, this.#readyThreads + 1)
      this.#listener.onInstance({ ...reportOf(this.spec, i), ...report })
    }
  }

  /** A loaded thread ends; its replacement has yet to report. */
  loseThread(): void {
    this.#readyThreads -= 1
    this.#listener.onThreadLost()
  }

  failToLoad(error: Error = new ServingError('invalid_argument', 'the graph is broken')): void {
    this.#listener.onInstanceFailed(error)
  }

  log(record: LogRecord): void {
    this.#listener.onLog(record)
  }

  observe(samples: readonly MetricSample[]): void {
    this.#listener.onMetrics(samples)
  }

  /** Ends the process: for what it was killed, or by a signal of its own. */
  exit(detail = 'it ended with SIGSEGV'): void {
    if (this.isGone) return
    this.isGone = true
    const exit = this.kills[0] ?? { cause: 'crash', detail }
    for (const batch of this.batches.splice(0)) batch.reject(new WorkerDied(exit.detail))
    this.#listener.onExit(exit)
    this.#gone.resolve()
  }

  #exitWhenIdle(): void {
    if (this.batches.length === 0 && this.#options.lingers !== true) queueMicrotask(() => this.exit())
  }
}

export type FakeWorkersOptions = {
  /** Processes load at once. */
  readonly loads?: boolean
  /** Batches are answered at once, each request by its id. */
  readonly answers?: boolean
  /** Told of each batch that starts, to answer it in its own time. */
  readonly onBatch?: (batch: FakeBatch) => void
  /** What the threads of a process that loads at once say of the model. */
  readonly report?: Partial<InstanceReport>
  /** A process that is killed or stopped ends only when told. */
  readonly lingers?: boolean
}

/** Starts fake worker processes and keeps all that were ever started. */
export class FakeWorkers {
  readonly processes: FakeWorkerProcess[] = []
  options: FakeWorkersOptions
  /** Thrown by the next start, once. */
  refusal: Error | undefined

  constructor(options: FakeWorkersOptions = {}) {
    this.options = options
  }

  readonly start: StartWorkerProcess = (spec, _modelBytes, listener) => {
    const { refusal } = this
    this.refusal = undefined
    if (refusal !== undefined) throw refusal
    const process = new FakeWorkerProcess(1000 + this.processes.length, spec, listener, this.options)
    this.processes.push(process)
    if (this.options.loads === true) queueMicrotask(() => process.ready(undefined, this.options.report))
    return process
  }

  get alive(): FakeWorkerProcess[] {
    return this.processes.filter((process) => !process.isGone)
  }

  /** The process started so many starts ago; 0 is the latest. */
  latest(ago = 0): FakeWorkerProcess {
    const process = this.processes.at(-1 - ago)
    if (process === undefined) throw new Error(`only ${this.processes.length} processes were started`)
    return process
  }

  /** Every running batch, in the order of their processes. */
  get batches(): FakeBatch[] {
    return this.processes.flatMap((process) => process.batches)
  }
}

export function reportOf(spec: LoadSpec, threadId = 0): InstanceReport {
  return {
    threadId,
    device: spec.device,
    inputs: [{ name: 'x', dtype: 'FP32', shape: ['batch', 4] }],
    outputs: [{ name: 'y', dtype: 'FP32', shape: ['batch', 3] }],
    tensorSupport: 'handler',
    usesHeaders: true,
    loadMs: 5,
    warmUpMs: 2,
  }
}
