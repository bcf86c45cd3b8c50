/*
 * The wire format of protobuf, for messages whose elements protobuf.js would make an object of each.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */

/** How a value is written, by the number on the wire. */
export const VARINT = 0
export const FIXED64 = 1
export const LENGTH_DELIMITED = 2
export const FIXED32 = 5

export type WireField = {
  readonly number: number
  readonly type: number
  /** A varint as its bytes, a length-delimited value without its length. */
  readonly value: Uint8Array
}

/**
 * Calls `visit` for each field in its order, and goes on as long as that returns true.
 *
 * @returns false when the bytes are no message, or `visit` said so; fields before it have been visited then
 */
export function eachField(bytes: Uint8Array, visit: (field: WireField) => boolean): boolean {
  const varints = new Varints(bytes)
  while (!varints.isAtEnd) {
    if (!varints.next() || varints.high !== 0) return false
    const number = varints.low >>> 3
    const type = varints.low & 7
    const value = valueOf(varints, type)
    if (value === undefined || !visit({ number, type, value })) return false
  }
  return true
}

const MAX_VARINT_BYTES = 10

/** How many varints a packed run has; no integer when the last one is cut. */
export function varintsIn(run: Uint8Array): number {
  let count = 0
  let length = 0
  for (const byte of run) {
    length++
    if (byte >= 0x80) {
      if (length === MAX_VARINT_BYTES) return Number.NaN
    } else {
      count++
      length = 0
    }
  }
  return length === 0 ? count : Number.NaN
}

function valueOf(varints: Varints, type: number): Uint8Array | undefined {
  switch (type) {
    case VARINT:
      return varints.skipped()
    case FIXED64:
      return varints.taken(8)
    case FIXED32:
      return varints.taken(4)
    case LENGTH_DELIMITED:
      return varints.next() && varints.high === 0 ? varints.taken(varints.low) : undefined
    default:
      return undefined // groups, which protobuf has given up
  }
}

/** Reads varints one after another, each as the two halves of its 64 bits. */
export class Varints {
  low = 0
  high = 0
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.byteLength
  }

  /** @returns false when no whole varint is left */
  next(): boolean {
    const bytes = this.#bytes
    let low = 0
    let high = 0
    for (let shift = 0; shift < 7 * MAX_VARINT_BYTES; shift += 7) {
      const byte = bytes[this.#at++]
      if (byte === undefined) return false
      const bits = byte & 0x7f
      // A shift by 32 and more counts modulo 32, hence the three cases.
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high |= bits >>> 4
      } else high |= bits << (shift - 32)
      if (byte < 0x80) {
        this.low = low >>> 0
        this.high = high >>> 0
        return true
      }
    }
    return false
  }

  /** The next varint as its bytes. */
  skipped(): Uint8Array | undefined {
    const start = this.#at
    return this.next() ? this.#bytes.subarray(start, this.#at) : undefined
  }

  /** The next bytes. */
  taken(count: number): Uint8Array | undefined {
    const start = this.#at
    if (count > this.#bytes.byteLength - start) return undefined
    this.#at = start + count
    return this.#bytes.subarray(start, this.#at)
  }
}
