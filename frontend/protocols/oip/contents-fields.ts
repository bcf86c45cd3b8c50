/*
 * The wire format of protobuf, as far as `InferTensorContents` needs it.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */
const VARINT = 0
const FIXED64 = 1
const LENGTH_DELIMITED = 2
const FIXED32 = 5

/** By their numbers, from 1 on. */
const FIELDS = [
  'bool_contents',
  'int_contents',
  'int64_contents',
  'uint_contents',
  'uint64_contents',
  'fp32_contents',
  'fp64_contents',
  'bytes_contents',
] as const

export type ContentsField = (typeof FIELDS)[number]

/** How an element of each field is written when it stands alone; packed ones are length-delimited. */
const ALONE: Readonly<Record<ContentsField, number>> = {
  bool_contents: VARINT,
  int_contents: VARINT,
  int64_contents: VARINT,
  uint_contents: VARINT,
  uint64_contents: VARINT,
  fp32_contents: FIXED32,
  fp64_contents: FIXED64,
  bytes_contents: LENGTH_DELIMITED,
}

/**
 * Calls `visit` for each run of elements in their order: a packed run, an element that stands alone, or one of
 * `bytes_contents`. Fields that the message does not know are skipped.
 *
 * @returns false when the bytes are no such message; runs before the fault have been visited then
 */
export function eachRun(bytes: Uint8Array, visit: (field: ContentsField, run: Uint8Array) => void): boolean {
  const varints = new Varints(bytes)
  while (!varints.isAtEnd) {
    if (!varints.next() || varints.high !== 0) return false
    const type = varints.low & 7
    const field = FIELDS[(varints.low >>> 3) - 1]
    const run = valueOf(varints, type)
    if (run === undefined) return false
    if (field === undefined) continue
    if (type !== LENGTH_DELIMITED && type !== ALONE[field]) return false
    visit(field, run)
  }
  return true
}

/**
 * How many elements each field has; a field without elements is left out.
 *
 * @returns undefined when the bytes are no `InferTensorContents`
 */
export function countElements(bytes: Uint8Array): Map<ContentsField, number> | undefined {
  const counts = new Map<ContentsField, number>()
  let isWhole = true
  const isMessage = eachRun(bytes, (field, run) => {
    const count = elementsIn(field, run)
    isWhole &&= Number.isInteger(count)
    if (count > 0) counts.set(field, (counts.get(field) ?? 0) + count)
  })
  return isMessage && isWhole ? counts : undefined
}

/** No integer when the last element of the run is cut. */
function elementsIn(field: ContentsField, run: Uint8Array): number {
  switch (ALONE[field]) {
    case LENGTH_DELIMITED:
      return 1
    case FIXED32:
      return run.byteLength / 4
    case FIXED64:
      return run.byteLength / 8
    default:
      return varintsIn(run)
  }
}

const MAX_VARINT_BYTES = 10

function varintsIn(run: Uint8Array): number {
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
