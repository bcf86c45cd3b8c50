import { connect, type Socket } from 'node:net'
import { NO_BATCH_ID } from '../../../worker/contract/batch-codec.ts'
import { batchIdsOf } from '../../../worker/contract/batch-ids.ts'
import { frameHeader, frameOf, MAX_FRAME_BYTES, type Frame } from '../../../worker/contract/frame.ts'
import type { BatchRequest, BatchResult, InstanceHeader } from '../../../worker/contract/messages.ts'
import type { OnMemberPiece } from '../batching/runners.ts'
import type { Clock } from '../clock.ts'
import { deferred } from '../deferred.ts'
import type { RestartCause } from '../events.ts'
import { BatchPort } from './batch-port.ts'
import { WorkerChannel } from './worker-channel.ts'
import type { WorkerProcess, WorkerProcessListener } from './worker-process.ts'
import { readStream } from './worker-socket.ts'

/** Where a worker process of another frontend process is found. */
export type Attachment = {
  readonly pid: number
  readonly socketPath: string
  /** Of this frontend process: no other that is alive has it. */
  readonly channel: number
  readonly threads: number
}

export type AttachOptions = {
  readonly listener: Pick<WorkerProcessListener, 'onInstance' | 'onThreadLost' | 'onExit'>
  /** Asks the process that has started it. */
  readonly requestKill: (pid: number, cause: RestartCause, detail: string) => void
  readonly clock: Clock
}

/** The process listens from its first moment on; who is told of it earlier tries again so often. */
const MAX_TRIES = 40
const RETRY_MS = 25

/** A worker process that another frontend process has started, and alone may end: a further channel to it. */
export class AttachedWorkerProcess implements WorkerProcess {
  readonly startedAt = new Date()
  readonly pid: number
  readonly #attachment: Attachment
  readonly #options: AttachOptions
  readonly #batches: BatchPort
  readonly #gone = deferred<void>()
  #channel: WorkerChannel | undefined
  #socket: Socket | undefined
  #readyThreads = 0
  #isStopping = false
  #isGone = false

  constructor(attachment: Attachment, options: AttachOptions) {
    this.pid = attachment.pid
    this.#attachment = attachment
    this.#options = options
    this.#batches = new BatchPort({
      ids: batchIdsOf(attachment.channel),
      send: (...pieces) => this.#channel?.send(...pieces),
    })
    this.#connect(MAX_TRIES)
  }

  get readyThreads(): number {
    return this.#isStopping || this.#isGone ? 0 : this.#readyThreads
  }

  get runningBatches(): number {
    return this.#batches.size
  }

  run(
    requests: readonly BatchRequest[],
    onPiece: OnMemberPiece = () => undefined,
    isAlone = false,
  ): Promise<BatchResult> {
    return this.#batches.run(requests, onPiece, isAlone)
  }

  cancel(requests: readonly BatchRequest[], member: number): void {
    this.#batches.cancel(requests, member)
  }

  kill(cause: RestartCause, detail: string): void {
    this.#options.requestKill(this.pid, cause, detail)
  }

  /** Leaves it after its running batches; the process goes on. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#leaveIfIdle()
    await this.#gone.promise
  }

  #connect(tries: number): void {
    const socket = connect(this.#attachment.socketPath)
    const failed = (error: Error) => {
      if (tries > 1 && !this.#isStopping) this.#options.clock.after(RETRY_MS, () => this.#connect(tries - 1))
      else this.#end(`it cannot be reached: ${error.message}`)
    }
    socket.once('error', failed)
    socket.once('connect', () => {
      socket.off('error', failed)
      this.#open(socket)
    })
  }

  #open(socket: Socket): void {
    this.#socket = socket
    this.#channel = new WorkerChannel((reads) => readStream(socket, reads), MAX_FRAME_BYTES, {
      onFrame: (frame) => {
        this.#receive(frame)
      },
      onClose: (error) => {
        this.#end(error?.message ?? 'its channel was closed')
      },
    })
    this.#channel.send(frameOf('attach', {}, this.#attachment.channel))
    this.#leaveIfIdle()
  }

  #receive(frame: Frame): void {
    const { kind } = frame
    if (kind === 'instance')
      this.#receiveInstance(frameHeader(frame.buffer) as InstanceHeader) // one build
    else if (kind === 'result' && frame.id === NO_BATCH_ID) {
      this.#readyThreads = Math.max(0, this.#readyThreads - 1)
      this.#options.listener.onThreadLost()
    } else if (kind === 'result' || kind === 'piece' || kind === 'started') {
      this.#batches.receive({ ...frame, kind })
      this.#leaveIfIdle()
    }
  }

  /** Those that could not load are the affair of the process that has started it. */
  #receiveInstance(header: InstanceHeader): void {
    if (!header.ok) return
    this.#readyThreads = Math.min(this.#attachment.threads, this.#readyThreads + 1)
    this.#options.listener.onInstance(header.value)
  }

  #leaveIfIdle(): void {
    if (this.#isStopping && this.#batches.size === 0) this.#socket?.destroy()
  }

  #end(detail: string): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#batches.rejectAll(detail)
    this.#options.listener.onExit({ cause: 'crash', detail })
    this.#gone.resolve()
  }
}
