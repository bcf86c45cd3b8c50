import { setFlagsFromString } from 'node:v8'
import { CollectorPace } from './collector-pace.ts'

/** Memory of bodies from this size on is used again. */
export const LARGE_BODY_BYTES = 1024 * 1024
/** Four bodies of 16 MiB; what comes back beyond is left to the garbage collector. */
const MAX_KEPT_BYTES = 68 * LARGE_BODY_BYTES

/**
 * The memory of large bodies, which the next ones use again while they follow one another: to the garbage collector it
 * would be garbage of their size, and to the system new pages to be cleared. Memory that nobody gives back is
 * collected as any.
 */
export class BodyMemory {
  readonly #pace: Pick<CollectorPace, 'relax'>
  /** By size. */
  #kept: Buffer<ArrayBuffer>[] = []
  #keptBytes = 0
  /** What was handed out and may come back, once. */
  readonly #lent = new WeakSet<ArrayBufferLike>()

  constructor(pace: Pick<CollectorPace, 'relax'>) {
    this.#pace = pace
  }

  /** Memory of so many bytes, or more where some is kept; what is in it is of no meaning. */
  take(leastBytes: number): Buffer<ArrayBuffer> {
    if (leastBytes < LARGE_BODY_BYTES) return Buffer.allocUnsafeSlow(leastBytes)
    this.#pace.relax()
    const memory = this.#takeKept(leastBytes) ?? Buffer.allocUnsafeSlow(leastBytes)
    this.#lent.add(memory.buffer)
    return memory
  }

  /** Takes back the memory under a body, or some of it, if it is from here: nobody may look at it any more. */
  give({ buffer }: Uint8Array): void {
    if (buffer.byteLength < LARGE_BODY_BYTES || !this.#lent.delete(buffer)) return
    if (this.#keptBytes + buffer.byteLength > MAX_KEPT_BYTES) return
    this.#keptBytes += buffer.byteLength
    this.#kept.push(Buffer.from(buffer as ArrayBuffer)) // as it was lent
    this.#kept.sort((one, other) => one.byteLength - other.byteLength)
  }

  /** Leaves what is kept to the garbage collector. */
  drop(): void {
    this.#kept = []
    this.#keptBytes = 0
  }

  #takeKept(leastBytes: number): Buffer<ArrayBuffer> | undefined {
    const index = this.#kept.findIndex(({ byteLength }) => byteLength >= leastBytes)
    const [memory] = index < 0 ? [] : this.#kept.splice(index, 1)
    this.#keptBytes -= memory?.byteLength ?? 0
    return memory
  }
}

/** Of this process, which has one heap. */
export const bodyMemory: BodyMemory = new BodyMemory(
  new CollectorPace({
    setFlags: setFlagsFromString,
    after: (delayMs, call) => {
      const timer = setTimeout(call, delayMs).unref()
      return () => {
        clearTimeout(timer)
      }
    },
    onReturn: () => {
      bodyMemory.drop()
    },
  }),
)
