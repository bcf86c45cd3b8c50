import { spawn, type ChildProcess } from 'node:child_process'
import { NO_BATCH_ID } from '../../../worker/contract/batch-codec.ts'
import type { BatchIds } from '../../../worker/contract/batch-ids.ts'
import { errorFromData } from '../../../worker/contract/errors.ts'
import { frameHeader, frameOf, MAX_FRAME_BYTES, type Frame } from '../../../worker/contract/frame.ts'
import type {
  BatchRequest,
  BatchResult,
  InstanceHeader,
  InstanceReport,
  LoadSpec,
  LogRecord,
  LostHeader,
  MetricSample,
  MetricsHeader,
} from '../../../worker/contract/messages.ts'
import { WorkerDied, type BatchRunner, type OnMemberPiece } from '../batching/runners.ts'
import { systemClock, type Clock } from '../clock.ts'
import type { RestartCause } from '../events.ts'
import { BatchPort, type BatchFrame } from './batch-port.ts'
import type { LaunchCommand } from './launch-command.ts'
import { WorkerChannel } from './worker-channel.ts'
import { pipedSocketOf, readSocket } from './worker-socket.ts'

export type WorkerProcessListener = {
  readonly onInstance: (report: InstanceReport) => void
  /** A loaded thread ended; another takes its place and reports its own instance. */
  readonly onThreadLost: () => void
  /** A thread could not load the model. */
  readonly onInstanceFailed: (error: Error) => void
  readonly onLog: (record: LogRecord) => void
  /** What a handler observed. */
  readonly onMetrics: (samples: readonly MetricSample[]) => void
  /** The process is gone, for whatever reason. Called once, after every running batch was rejected. */
  readonly onExit: (exit: WorkerExit) => void
}

export type WorkerExit = { readonly cause: RestartCause; readonly detail: string }

export { WorkerDied }

/** The seam to a hosted version: a child process in the product, an in-process fake in tests. */
export interface WorkerProcess extends BatchRunner {
  readonly pid: number
  /** Threads whose instance is loaded and warm; none once the process was told to end. */
  readonly readyThreads: number
  readonly startedAt: Date
  /** Lets running batches finish, releases sessions, and ends. Resolves when the process is gone. */
  stop(): Promise<void>
}

export type StartWorkerProcess = (
  spec: LoadSpec,
  modelBytes: number,
  listener: WorkerProcessListener,
) => WorkerProcess

export type ChildWorkerOptions = {
  readonly listener: WorkerProcessListener
  readonly clock?: Clock
  /** Where other frontend processes send batches, too: what this one may call its own. */
  readonly ids?: BatchIds | undefined
}

/** A worker process that was asked to stop gets this long after its last batch. */
const STOP_GRACE_MS = 2000

/**
 * A worker process over a socket pair on its file descriptor 3.
 *
 * It is only ever ended by its own hand or by SIGKILL: exiting or terminating a thread while ONNX Runtime
 * runs would abort it anyway (see worker/process/main.ts). When the server dies, the closed socket ends it.
 */
export class ChildWorkerProcess implements WorkerProcess {
  readonly startedAt = new Date()
  readonly pid: number
  readonly #child: ChildProcess
  /** Absent when the system had no file descriptor left for it; `#watchExit` then reports why. */
  readonly #channel: WorkerChannel | undefined
  readonly #listener: WorkerProcessListener
  readonly #batches: BatchPort
  readonly #gone: Promise<void>
  readonly #threads: number
  readonly #clock: Clock
  #readyThreads = 0
  #isStopping = false
  #isKilled = false
  /** Why it was killed; the first reason stands. */
  #killedFor: WorkerExit | undefined
  #cancelStopTimer: (() => void) | undefined

  constructor(
    command: LaunchCommand,
    spec: LoadSpec,
    { listener, clock = systemClock, ids }: ChildWorkerOptions,
  ) {
    this.#listener = listener
    this.#clock = clock
    this.#threads = spec.threads
    this.#batches = new BatchPort({ ids, send: (...pieces) => this.#channel?.send(...pieces) })
    this.#child = spawn(command.file, command.args, {
      cwd: spec.modelDir,
      env: command.env,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    })
    this.pid = this.#child.pid ?? 0
    this.#gone = this.#watchExit()
    this.#channel = this.#openChannel()
    this.#forwardOutput()
    this.#channel?.send(frameOf('load', spec))
  }

  get readyThreads(): number {
    return this.#isStopping || this.#isKilled ? 0 : this.#readyThreads
  }

  get runningBatches(): number {
    return this.#batches.size
  }

  run(
    requests: readonly BatchRequest[],
    onPiece: OnMemberPiece = IGNORE_PIECE,
    isAlone = false,
  ): Promise<BatchResult> {
    return this.#batches.run(requests, onPiece, isAlone)
  }

  cancel(requests: readonly BatchRequest[], member: number): void {
    this.#batches.cancel(requests, member)
  }

  kill(cause: RestartCause, detail: string): void {
    this.#killedFor ??= { cause, detail }
    this.#end()
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    this.#channel?.send(frameOf('stop', {}))
    this.#startGraceWhenIdle()
    await this.#gone
  }

  #end(): void {
    this.#isKilled = true
    this.#child.kill('SIGKILL')
  }

  /** A running batch may take its time: who waits for it has a timeout of its own. */
  #startGraceWhenIdle(): void {
    if (!this.#isStopping || this.#batches.size > 0) return
    this.#cancelStopTimer ??= this.#clock.after(STOP_GRACE_MS, () => {
      this.#end()
    })
  }

  #openChannel(): WorkerChannel | undefined {
    const piped = pipedSocketOf(this.#child)
    if (piped === undefined) return undefined
    return new WorkerChannel((reads) => readSocket(piped, reads), MAX_FRAME_BYTES, {
      onFrame: (frame) => {
        this.#receive(frame)
      },
      // A closed or corrupt channel is a dead process: make it one.
      onClose: (error) => {
        if (error !== undefined) this.kill('crash', `its channel failed: ${error.message}`)
        this.#end()
      },
    })
  }

  #receive(frame: Frame): void {
    switch (frame.kind) {
      case 'result':
      case 'piece':
      case 'started':
        this.#receiveOfBatch({ ...frame, kind: frame.kind })
        return
      case 'instance':
        this.#receiveInstance(frameHeader(frame.buffer) as InstanceHeader) // both ends are one build
        return
      case 'log':
        this.#listener.onLog(frameHeader(frame.buffer) as LogRecord) // both ends are one build
        return
      case 'metrics':
        this.#listener.onMetrics((frameHeader(frame.buffer) as MetricsHeader).samples) // both ends are one build
        return
      case 'lost':
        // What it still runs is settled by its death, as that of any process.
        this.kill('device', (frameHeader(frame.buffer) as LostHeader).message) // both ends are one build
        return
      case 'load':
      case 'run':
      case 'stop':
      case 'cancel':
      case 'attach':
        return
      default:
        frame.kind satisfies never
    }
  }

  #receiveOfBatch(frame: BatchFrame): void {
    // The thread that replaces it reports its own instance.
    if (frame.id === NO_BATCH_ID) {
      this.#readyThreads = Math.max(0, this.#readyThreads - 1)
      this.#listener.onThreadLost()
      return
    }
    this.#batches.receive(frame)
    this.#startGraceWhenIdle()
  }

  #receiveInstance(header: InstanceHeader): void {
    if (header.ok) {
      // Never more than there are, even if the notice of a death should come after its replacement's.
      this.#readyThreads = Math.min(this.#threads, this.#readyThreads + 1)
      this.#listener.onInstance(header.value)
    } else {
      this.#listener.onInstanceFailed(errorFromData(header.error))
    }
  }

  /** What native code and Node.js itself print; handlers log through frames. */
  #forwardOutput(): void {
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8')
      stream?.on('data', (text: string) => {
        for (const line of text.split('\n').filter((each) => each.trim() !== '')) {
          this.#listener.onLog({ level: 'warn', message: line.slice(0, MAX_LINE_CHARACTERS) })
        }
      })
    }
  }

  #watchExit(): Promise<void> {
    return new Promise((resolve) => {
      const end = (exit: WorkerExit) => {
        this.#cancelStopTimer?.()
        this.#isKilled = true
        this.#batches.rejectAll(exit.detail)
        this.#listener.onExit(exit)
        resolve()
      }
      // Stays for good: a failed kill is announced here too, and an error without listener ends the server.
      this.#child.on('error', (error) => {
        if (this.#child.pid !== undefined) return
        end({ cause: 'startup', detail: `it could not be started: ${error.message}` })
      })
      this.#child.once('exit', (code, signal) => {
        end(this.#exitOf(code, signal))
      })
    })
  }

  /** How it really ended; our reason only if it was our signal. */
  #exitOf(code: number | null, signal: NodeJS.Signals | null): WorkerExit {
    if (signal === 'SIGKILL' && this.#killedFor !== undefined) return this.#killedFor
    return { cause: 'crash', detail: `it ended with ${signal ?? `exit code ${code}`}` }
  }
}

const IGNORE_PIECE = () => undefined
const MAX_LINE_CHARACTERS = 1000
