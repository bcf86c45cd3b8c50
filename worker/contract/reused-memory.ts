/** Memory from this size on is used again. */
export const LARGE_MEMORY_BYTES = 1024 * 1024
/** Four payloads of 16 MiB; what comes back beyond is left to the garbage collector. */
const MAX_KEPT_BYTES = 68 * LARGE_MEMORY_BYTES
/** What is made has a multiple of this size, so that the next payload fits though its head is a little longer. */
const GRAIN_BYTES = 64 * 1024

/**
 * The memory of large payloads, which the next ones use again while they follow one another: to the garbage collector
 * it would be garbage of their size, and to the system new pages to be cleared. Memory that nobody gives back is
 * collected as any.
 */
export class ReusedMemory {
  readonly #onUse: () => void
  /** By size. */
  #kept: Buffer<ArrayBuffer>[] = []
  #keptBytes = 0
  /** What was handed out and may come back, once. */
  readonly #lent = new WeakSet<ArrayBufferLike>()

  /** @param onUse called when large memory is taken, or comes back: late, perhaps, when all was dropped */
  constructor(onUse: () => void) {
    this.#onUse = onUse
  }

  /** Memory of so many bytes, or more; what is in it is of no meaning. */
  take(leastBytes: number): Buffer<ArrayBuffer> {
    if (leastBytes < LARGE_MEMORY_BYTES) return Buffer.allocUnsafeSlow(leastBytes)
    this.#onUse()
    const memory =
      this.#takeKept(leastBytes) ?? Buffer.allocUnsafeSlow(Math.ceil(leastBytes / GRAIN_BYTES) * GRAIN_BYTES)
    this.#lent.add(memory.buffer)
    return memory
  }

  /** Takes back the memory under a view, if it is from here: nobody may look at it any more. */
  give({ buffer }: ArrayBufferView): void {
    if (buffer.byteLength < LARGE_MEMORY_BYTES || !this.#lent.delete(buffer)) return
    if (this.#keptBytes + buffer.byteLength > MAX_KEPT_BYTES) return
    this.#keptBytes += buffer.byteLength
    this.#kept.push(Buffer.from(buffer as ArrayBuffer)) // as it was lent
    this.#onUse()
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
