import type { MessagePort } from 'node:worker_threads'
import { move, Piscina } from 'piscina'
import { batchSize, NO_BATCH_ID, resultFrameFromResult } from '../contract/batch-codec.ts'
import { messageOf, type ErrorData } from '../contract/errors.ts'
import { frameOf, isPreceded, type Frame } from '../contract/frame.ts'
import {
  OVERLAPPING_BATCHES,
  type InstanceHeader,
  type LoadSpec,
  type LogRecord,
} from '../contract/messages.ts'
import { processMs } from './process-ms.ts'
import { SessionThread } from './session-thread.ts'
import { threadEntry } from './thread-entry.ts'
import { ThreadLinks, type CancelMessage, type OnThreadFrame, type ThreadLink } from './thread-links.ts'

/** What a thread is asked to do. A `run` frame's buffer is moved to the thread. */
export type ThreadTask =
  | {
      readonly kind: 'run'
      readonly batchId: number
      readonly buffer: ArrayBuffer
      /** By the clock of the process; absent unless the thread may hold a batch that waits for another. */
      readonly sentAtMs?: number
    }
  | { readonly kind: 'release' }

/** What a thread says by itself. The buffer of a `log` frame, or of a `lost` one in its place, is moved. */
export type ThreadMessage =
  | { readonly kind: 'instance'; readonly header: InstanceHeader; readonly link?: ThreadLink }
  | { readonly kind: 'log'; readonly frame: Uint8Array<ArrayBuffer> }
  /** It wants to use the session of the process through the other end of this port. */
  | { readonly kind: 'session'; readonly port: MessagePort }

export type ThreadPoolListener = {
  /** A thread has loaded and is warm, or could not load. `threadId` is its place, 1 to the number of threads. */
  readonly onInstance: (header: InstanceHeader) => void
  readonly onLog: (frame: Uint8Array) => void
  /** Pieces and metrics. */
  readonly onFrame: OnThreadFrame
  /** A loaded thread died: the `result` frame that says so, for {@link NO_BATCH_ID}, before those of its batches. */
  readonly onDeath: (frame: Uint8Array) => void
  /** The thread that owns the session ended: no thread can answer any more. */
  readonly onSessionEnd: (why: string) => void
}

type PoolWorker = { readonly id: number; readonly destroyed: boolean }

/**
 * The worker threads of a process.
 *
 * No task has an `AbortSignal` and the pool is never closed or destroyed: piscina would terminate threads, and a
 * thread that is terminated inside ONNX Runtime aborts the whole process. A thread that ends by itself (an exit or
 * an uncaught error in a handler, a full heap) is replaced by piscina; its replacement takes its place.
 */
export class ThreadPool {
  readonly #pool: Piscina<ThreadTask, unknown>
  readonly #listener: ThreadPoolListener
  readonly #spec: LoadSpec
  readonly #workers = new Map<PoolWorker, number>()
  /** By thread id: the places of loaded threads. */
  readonly #places = new Map<number, number>()
  readonly #links: ThreadLinks
  /** From when a thread first asks for it. */
  #session: SessionThread | undefined
  #lastError: unknown
  /** Dead threads that the frontend knows of, until {@link #noteDeath} sees them. */
  readonly #toldDeaths = new WeakSet<PoolWorker>()

  constructor(spec: LoadSpec, listener: ThreadPoolListener) {
    this.#spec = spec
    this.#listener = listener
    this.#links = new ThreadLinks(listener.onFrame)
    this.#pool = new Piscina({
      ...threadEntry(),
      workerData: spec,
      minThreads: spec.threads,
      maxThreads: spec.threads,
      idleTimeout: Infinity,
      // Waiting by Atomics would stop the timers and sockets of a handler.
      atomics: 'disabled',
      recordTiming: false,
      // A thread takes a batch more while its handler waits for something, if the model allows it, or while the
      // engine runs the last in a thread of its own, or to have the next when one ends.
      concurrentTasksPerWorker: batchesPerThread(spec),
      resourceLimits: { maxOldGenerationSizeMb: spec.maxHeapMebibytes },
    })
    this.#pool.on('message', (message: ThreadMessage) => {
      this.#receive(message)
    })
    this.#pool.on('error', (error: unknown) => (this.#lastError = error))
    this.#pool.on('workerCreate', (worker: PoolWorker) => this.#workers.set(worker, worker.id))
    // What ended it is emitted, or rejects its task, right after.
    this.#pool.on('workerDestroy', () => {
      setImmediate(() => {
        this.#noteDeath()
      })
    })
  }

  /**
   * Gives a batch to a free thread, or to the next that becomes free. Takes over the frame's buffer.
   *
   * @returns the `result` frame. When the thread dies, every member has the error `unavailable`, `worker_died`;
   * when it lives on without an answer, `internal`.
   */
  async run({ id, buffer }: Frame): Promise<Uint8Array> {
    const header = headerCopy(buffer)
    try {
      const sent = this.#spec.mayTakeNext === true ? { sentAtMs: processMs() } : {}
      const task = { kind: 'run', batchId: id, buffer, ...sent } as const
      const result = await this.#pool.run(task, { transferList: [buffer] })
      const frame = result as Uint8Array // made by thread/main.ts
      if (isPreceded(frame)) this.#links.drain()
      return frame
    } catch (error) {
      this.#links.drain()
      return failedResult(id, batchSize(header), this.#errorOf(error))
    }
  }

  /** Tells the thread that runs a batch, or will, that nobody waits for a member of it. */
  cancel(message: CancelMessage): void {
    this.#links.cancel(message)
  }

  /** Releases the sessions of all threads. None may be running a batch. */
  async release(): Promise<void> {
    // One task at a time per thread, so as many at once reach each of them.
    await Promise.all(this.#pool.threads.map(() => this.#pool.run({ kind: 'release' })))
  }

  #receive(message: ThreadMessage): void {
    if (message.kind === 'log') {
      this.#listener.onLog(message.frame)
      return
    }
    if (message.kind === 'session') {
      this.#session ??= new SessionThread(this.#spec, this.#listener.onSessionEnd)
      this.#session.connect(message.port)
      return
    }
    const { header, link } = message
    if (link !== undefined) this.#links.add(link)
    const place = this.#freePlace()
    if (!header.ok) {
      this.#listener.onInstance({ ...header, threadId: place })
      return
    }
    this.#places.set(header.threadId, place)
    this.#listener.onInstance({ ok: true, threadId: place, value: { ...header.value, threadId: place } })
  }

  #freePlace(): number {
    const taken = new Set(this.#places.values())
    let place = 1
    while (taken.has(place)) place++
    return place
  }

  /** Frees the place of a dead thread; one that had none died while it was loading, which nobody else would say. */
  #noteDeath(): void {
    const dead = [...this.#workers].find(([worker]) => worker.destroyed)
    if (dead !== undefined) this.#workers.delete(dead[0])
    const why =
      this.#lastError === undefined ? 'something in it called process.exit' : this.#why(this.#lastError)
    this.#lastError = undefined
    if (dead !== undefined) this.#tellDeath(dead, diedError('between two batches', why))
    if (dead !== undefined && this.#places.delete(dead[1])) {
      const message = `a worker thread ended and is replaced: ${why}`
      this.#listener.onLog(frameOf('log', { level: 'error', message } satisfies LogRecord))
      return
    }
    const error = { code: 'internal', message: `a worker thread ended while it was loading: ${why}` } as const
    this.#listener.onInstance({ ok: false, threadId: this.#freePlace(), error })
  }

  /** Once for each thread that was loaded, however many batches die with it. */
  #tellDeath([worker, threadId]: readonly [PoolWorker, number], error: ErrorData): void {
    if (this.#toldDeaths.has(worker) || !this.#places.has(threadId)) return
    this.#toldDeaths.add(worker)
    this.#listener.onDeath(failedResult(NO_BATCH_ID, 1, error))
  }

  /** A thread that ended was destroyed in the same turn of the event loop, and is forgotten in the next. */
  #errorOf(error: unknown): ErrorData {
    const dead = [...this.#workers].filter(([{ destroyed }]) => destroyed)
    if (dead.length === 0) {
      const message = 'a worker thread gave no answer to a batch'
      const fields = { error: messageOf(error) }
      this.#listener.onLog(frameOf('log', { level: 'error', message, fields } satisfies LogRecord))
      return { code: 'internal', message: "the worker failed; the server's log has the details" }
    }
    this.#lastError = error
    const data = diedError('while it ran this request', this.#why(error))
    for (const each of dead) this.#tellDeath(each, data)
    return data
  }

  /** Piscina's rejections carry no code; this is the only place that reads their texts. */
  #why(error: unknown): string {
    const message = messageOf(error)
    const exit = /^worker exited with code: (\d+)$/.exec(message)
    if (exit !== null) return `it exited with code ${exit[1]}`
    if (error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') {
      return `its heap is full at ${this.#spec.maxHeapMebibytes} MiB`
    }
    return `uncaught ${message}`
  }
}

function batchesPerThread({ maxBatchesInFlight, overlapsRuns, mayTakeNext }: LoadSpec): number {
  return maxBatchesInFlight ?? (overlapsRuns === true || mayTakeNext === true ? OVERLAPPING_BATCHES : 1)
}

function diedError(when: string, why: string): ErrorData {
  return { code: 'unavailable', reason: 'worker_died', message: `the worker thread ended ${when}: ${why}` }
}

function failedResult(batchId: number, members: number, error: ErrorData): Uint8Array {
  return resultFrameFromResult(batchId, {
    replies: Array.from({ length: members }, () => ({ ok: false, error })),
    timing: { preprocessMs: 0, inferenceMs: 0, postprocessMs: 0, rows: 0, runs: 0 },
  })
}

/** Marks a thread's answer as moved, not copied; it must be the only view of its buffer. */
export function moveToPool(frame: Uint8Array<ArrayBuffer>): unknown {
  return move(frame)
}

/** The start of a frame up to its payload: the buffer itself goes to the thread. */
function headerCopy(buffer: ArrayBuffer): ArrayBuffer {
  const fixedBytes = 16
  return buffer.slice(0, fixedBytes + new DataView(buffer).getUint32(12, true))
}
