import { spawn, type ChildProcess } from 'node:child_process'
import type { Duplex } from 'node:stream'
import { resultFromResultFrame, runFrameFromBatch } from '../../../worker/contract/batch-codec.ts'
import { errorFromData } from '../../../worker/contract/errors.ts'
import { frameHeader, frameOf, type Frame } from '../../../worker/contract/frame.ts'
import type {
  BatchRequest,
  BatchResult,
  InstanceHeader,
  InstanceReport,
  LoadSpec,
  LogRecord,
} from '../../../worker/contract/messages.ts'
import type { BatchRunner } from '../batching/batcher.ts'
import type { LaunchCommand } from './launch-command.ts'
import { WorkerChannel } from './worker-channel.ts'

export type WorkerProcessListener = {
  readonly onInstance: (report: InstanceReport) => void
  /** A thread could not load the model. */
  readonly onInstanceFailed: (error: Error) => void
  readonly onLog: (record: LogRecord) => void
  /** The process is gone, for whatever reason. Called once, after every running batch was rejected. */
  readonly onExit: (detail: string) => void
}

/** The seam to a hosted version: a child process in the product, an in-process fake in tests. */
export interface WorkerProcess extends BatchRunner {
  readonly pid: number
  /** Threads whose instance is loaded and warm. */
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

/** A thread or its process ended before it answered: the batch may be tried again elsewhere. */
export class WorkerDied extends Error {}

/** Above the largest request body that can be configured, twice over for a batch; guards against a corrupt length. */
const MAX_FRAME_BYTES = 2 ** 32 - 1
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
  readonly #channel: WorkerChannel
  readonly #listener: WorkerProcessListener
  readonly #batches = new Map<number, PendingBatch>()
  readonly #gone: Promise<void>
  #nextBatchId = 1
  #killDetail: string | undefined
  readonly #readyThreads = new Set<number>()

  constructor(command: LaunchCommand, spec: LoadSpec, listener: WorkerProcessListener) {
    this.#listener = listener
    this.#child = spawn(command.file, command.args, {
      cwd: spec.modelDir,
      env: command.env,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    })
    this.pid = this.#child.pid ?? 0
    this.#channel = new WorkerChannel(socketOf(this.#child), MAX_FRAME_BYTES, {
      onFrame: (frame) => {
        this.#receive(frame)
      },
      // A closed or corrupt channel is a dead process: make it one.
      onClose: (error) => {
        this.kill(error === undefined ? 'its channel closed' : `its channel failed: ${error.message}`)
      },
    })
    this.#forwardOutput()
    this.#gone = this.#watchExit()
    this.#channel.send(frameOf('load', spec))
  }

  get readyThreads(): number {
    return this.#readyThreads.size
  }

  get runningBatches(): number {
    return this.#batches.size
  }

  run(requests: readonly BatchRequest[]): Promise<BatchResult> {
    const id = this.#nextBatchId++
    return new Promise((resolve, reject) => {
      this.#batches.set(id, { resolve, reject })
      this.#channel.send(runFrameFromBatch(id, requests))
    })
  }

  kill(detail: string): void {
    this.#killDetail ??= detail
    this.#child.kill('SIGKILL')
  }

  async stop(): Promise<void> {
    this.#killDetail ??= 'it was stopped'
    this.#channel.send(frameOf('stop', {}))
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_GRACE_MS)
    await this.#gone
    clearTimeout(timer)
  }

  #receive(frame: Frame): void {
    switch (frame.kind) {
      case 'result':
        this.#batches.get(frame.id)?.resolve(resultFromResultFrame(frame.buffer))
        this.#batches.delete(frame.id)
        return
      case 'instance':
        this.#receiveInstance(frameHeader(frame.buffer) as InstanceHeader) // both ends are one build
        return
      case 'log':
        this.#listener.onLog(frameHeader(frame.buffer) as LogRecord) // both ends are one build
        return
      case 'hello':
      case 'load':
      case 'run':
      case 'stop':
        return
      default:
        frame.kind satisfies never
    }
  }

  #receiveInstance(header: InstanceHeader): void {
    if (header.ok) {
      this.#readyThreads.add(header.threadId)
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
      const end = (detail: string) => {
        const batches = [...this.#batches.values()]
        this.#batches.clear()
        this.#readyThreads.clear()
        for (const batch of batches) batch.reject(new WorkerDied(detail))
        this.#listener.onExit(detail)
        resolve()
      }
      this.#child.once('error', (error) => {
        if (this.#child.pid === undefined) end(`it could not be started: ${error.message}`)
      })
      this.#child.once('exit', (code, signal) => {
        end(this.#killDetail ?? `it ended with ${signal === null ? `exit code ${code}` : signal}`)
      })
    })
  }
}

type PendingBatch = {
  readonly resolve: (result: BatchResult) => void
  readonly reject: (error: Error) => void
}

const MAX_LINE_CHARACTERS = 1000

function socketOf(child: ChildProcess): Duplex {
  // `stdio: 'pipe'` beyond the first three is a duplex socket; the typings only know the general stream.
  return child.stdio[3] as Duplex
}
