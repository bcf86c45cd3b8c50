import { bodyMemory } from './body-memory.ts'

const FIRST_BYTES = 64 * 1024
/** A client has to send a quarter of what it makes the server allocate. */
const GROWTH = 4

/** Typed arrays of every element size can be laid over data that starts at a multiple of it. */
export const ALIGNMENT_BYTES = 8

export type BodyPlacing = {
  /** The most that will come; what is allocated follows what has come, whatever this says. */
  readonly boundBytes: number
  /** The byte of the body that is to lie at a multiple of {@link ALIGNMENT_BYTES} in its buffer. */
  readonly alignedAt: number
}

/**
 * Puts together in one buffer what comes in pieces. Each piece is copied once as it comes, not all of them at the
 * end, which would block everybody for the length of the largest body.
 */
export class BodyBuffer {
  readonly #boundBytes: number
  /** Unused bytes before the body. */
  readonly #leadBytes: number
  #bytes = Buffer.alloc(0)
  #filledBytes = 0

  constructor({ boundBytes, alignedAt }: BodyPlacing) {
    this.#boundBytes = boundBytes
    this.#leadBytes = (ALIGNMENT_BYTES - (alignedAt % ALIGNMENT_BYTES)) % ALIGNMENT_BYTES
  }

  get byteLength(): number {
    return this.#filledBytes
  }

  push(chunk: Uint8Array): void {
    const neededBytes = this.#filledBytes + chunk.byteLength
    if (neededBytes > this.#bytes.byteLength) this.#grow(neededBytes)
    this.#bytes.set(chunk, this.#filledBytes)
    this.#filledBytes = neededBytes
  }

  /** The body; nothing is copied any more. */
  take(): Buffer {
    return this.#bytes.subarray(0, this.#filledBytes)
  }

  #grow(neededBytes: number): void {
    const roomyBytes = Math.max(FIRST_BYTES, GROWTH * this.#filledBytes)
    const bodyBytes = Math.max(neededBytes, Math.min(this.#boundBytes, roomyBytes))
    // Of its own memory: a slice of Node's pool begins anywhere.
    const grown = bodyMemory.take(this.#leadBytes + bodyBytes).subarray(this.#leadBytes)
    grown.set(this.take())
    bodyMemory.give(this.#bytes)
    this.#bytes = grown
  }
}
