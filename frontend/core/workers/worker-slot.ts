import type {
  Device,
  InstanceReport,
  LoadSpec,
  LogRecord,
  MetricSample,
} from '../../../worker/contract/messages.ts'
import { messageOf } from '../../../worker/contract/errors.ts'
import type { Clock } from '../clock.ts'
import type { RestartCause } from '../events.ts'
import { restartDelayMs, STABLE_AFTER_MS } from './restart-backoff.ts'
import type {
  StartWorkerProcess,
  WorkerExit,
  WorkerProcess,
  WorkerProcessListener,
} from './worker-process.ts'

export type WorkerSlotListener = {
  /** A thread became ready, or the process went away: whoever waits for workers should look again. */
  readonly onChange: () => void
  readonly onInstance: (pid: number, report: InstanceReport) => void
  /** A thread could not load the version. */
  readonly onLoadFailed: (error: Error) => void
  readonly onRestart: (restart: { cause: RestartCause; detail: string; backoffMs: number }) => void
  readonly onLog: (pid: number, record: LogRecord) => void
  readonly onMetrics: (samples: readonly MetricSample[]) => void
}

export type WorkerSlotOptions = {
  readonly spec: LoadSpec
  readonly modelBytes: number
  readonly startupTimeoutMs: number
  readonly startProcess: StartWorkerProcess
  readonly clock: Clock
  /** In [0, 1); the jitter of restarts. */
  readonly random: () => number
  readonly listener: WorkerSlotListener
}

/** The place of one worker process, through its restarts. */
export interface WorkerSeat {
  readonly process: WorkerProcess | undefined
  readonly device: Device
  readonly threads: number
  readonly isReady: boolean
  /** Time until the next start; 0 while a process is there, loaded or loading. */
  readonly backoffMs: number
  /** How long it has failed, since its first failure after it was last loaded; 0 while it has not. */
  readonly failingMs: number
  readonly isFailing: boolean
  readonly lastFailure: string | undefined
  /** How often a thread ended that had been started here, and its memory with it. */
  readonly losses: number
  /** Ends what is there after its running batches, for good. */
  stop(): Promise<void>
}

/**
 * The place of one worker process: keeps one running there until it is stopped.
 *
 *   starting → ready → (process ends) → waiting for its back-off → starting → …      stop() from any
 */
export class WorkerSlot implements WorkerSeat {
  readonly #options: WorkerSlotOptions
  #process: WorkerProcess | undefined
  #crashesInARow = 0
  #readySinceMs: number | undefined
  #nextStartMs: number | undefined
  #failingSinceMs: number | undefined
  #cancelTimer: (() => void) | undefined
  #isStopped = false
  lastFailure: string | undefined
  /** How often a thread ended that had been started here, and its memory with it. */
  losses = 0

  constructor(options: WorkerSlotOptions) {
    this.#options = options
    this.#start()
  }

  get process(): WorkerProcess | undefined {
    return this.#process
  }

  get device(): Device {
    return this.#options.spec.device
  }

  get threads(): number {
    return this.#options.spec.threads
  }

  get isReady(): boolean {
    return this.#process?.readyThreads === this.threads
  }

  /** Time until the next start; 0 while a process is there, loaded or loading. */
  get backoffMs(): number {
    if (this.#nextStartMs === undefined) return 0
    return Math.max(0, this.#nextStartMs - this.#options.clock.nowMs())
  }

  /** How long it has failed, since its first failure after it was last loaded; 0 while it has not. */
  get failingMs(): number {
    return this.#failingSinceMs === undefined ? 0 : this.#options.clock.nowMs() - this.#failingSinceMs
  }

  get isFailing(): boolean {
    return this.#failingSinceMs !== undefined
  }

  /** Ends the process after its running batches, for good. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancelTimer?.()
    await this.#process?.stop()
  }

  #start(): void {
    const { spec, modelBytes, startProcess } = this.#options
    this.#nextStartMs = undefined
    this.#readySinceMs = undefined
    this.#startStartupTimer()
    try {
      const process = startProcess(
        spec,
        modelBytes,
        this.#processListener(() => process.pid),
      )
      this.#process = process
    } catch (error) {
      // The system refuses a new process; that may pass, and must not end the server.
      this.#restart({ cause: 'startup', detail: `it could not be started: ${messageOf(error)}` })
    }
  }

  #startStartupTimer(): void {
    const { clock, startupTimeoutMs } = this.#options
    this.#cancelTimer?.()
    this.#cancelTimer = clock.after(startupTimeoutMs, () => {
      this.#process?.kill('startup', `it was not ready within ${startupTimeoutMs} ms`)
    })
  }

  /** @param pidOf of the process, also after its end: its last words arrive late. */
  #processListener(pidOf: () => number): WorkerProcessListener {
    const { listener } = this.#options
    return {
      onInstance: (report) => {
        this.#noteReady()
        listener.onInstance(pidOf(), report)
        listener.onChange()
      },
      // A replacement that never becomes ready would leave the process idle for ever.
      onThreadLost: () => {
        this.losses += 1
        if (!this.#isStopped) this.#startStartupTimer()
      },
      onInstanceFailed: (error) => {
        this.lastFailure = error.message
        listener.onLoadFailed(error)
        this.#process?.kill('startup', error.message)
      },
      onLog: (record) => {
        listener.onLog(pidOf(), record)
      },
      onMetrics: listener.onMetrics,
      onExit: (exit) => {
        this.#restart(exit)
      },
    }
  }

  #noteReady(): void {
    if (!this.isReady) return
    this.#cancelTimer?.()
    this.#readySinceMs = this.#options.clock.nowMs()
    this.#failingSinceMs = undefined
  }

  #restart({ cause, detail }: WorkerExit): void {
    const { clock, listener, random } = this.#options
    this.#process = undefined
    this.losses += 1
    this.#cancelTimer?.()
    if (this.#isStopped) return
    const wasStable = this.#readySinceMs !== undefined && clock.nowMs() - this.#readySinceMs > STABLE_AFTER_MS
    this.#crashesInARow = wasStable ? 1 : this.#crashesInARow + 1
    this.lastFailure = detail
    this.#failingSinceMs ??= clock.nowMs()
    const backoffMs = restartDelayMs(this.#crashesInARow, random())
    this.#nextStartMs = clock.nowMs() + backoffMs
    listener.onRestart({ cause, detail, backoffMs })
    this.#cancelTimer = clock.after(backoffMs, () => {
      this.#start()
    })
    listener.onChange()
  }
}
