import type { WireDataType } from './data-type.ts'
import { brainFloatBits } from './brain-float.ts'
import { float16FromNumber } from './float16.ts'
import type { Tensor } from './tensor.ts'

/** Elements of one innermost JSON array, and where they go. */
export type RowTarget = {
  readonly row: readonly unknown[]
  /** Index in `data` of the row's first element. */
  readonly at: number
  /** Infinite numbers are meant: the reader of the text has refused those that only overflowed. */
  readonly takesInfinity?: true
}

/** What a data type's JSON values look like, for messages. */
export const EXPECTED_ELEMENT: Readonly<Record<WireDataType, string>> = {
  BOOL: 'true, false, 1 or 0',
  UINT8: 'an integer from 0 to 255',
  UINT16: 'an integer from 0 to 65535',
  UINT32: 'an integer from 0 to 4294967295',
  UINT64: 'an integer from 0 to 2^64-1',
  INT8: 'an integer from -128 to 127',
  INT16: 'an integer from -32768 to 32767',
  INT32: 'an integer from -2147483648 to 2147483647',
  INT64: 'an integer from -2^63 to 2^63-1',
  FP16: 'a number up to ±65504, "NaN", "Infinity" or "-Infinity"',
  FP32: 'a number up to ±3.4e38, "NaN", "Infinity" or "-Infinity"',
  BF16: 'a number up to ±3.39e38, "NaN", "Infinity" or "-Infinity"',
  FP64: 'a number, "NaN", "Infinity" or "-Infinity"',
  BYTES: 'a string',
}

/** JSON has no such numbers; Python's and our own spelling of them as strings. */
const SPECIAL_NUMBERS = new Map<unknown, number>([
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
])

/*
 * Each of these writes a row of JSON values into the flat data of a tensor, and returns the index in the row of
 * the first value that the data type does not hold, or -1.
 */

/** FP32 and FP64. The loop of the hot path: one type check and one overflow check for each number. */
export function writeFloats(
  data: Float32Array | Float64Array,
  { row, at, takesInfinity }: RowTarget,
): number {
  for (let i = 0; i < row.length; i++) {
    const value = row[i]
    if (typeof value === 'number') {
      data[at + i] = value
      const stored = data[at + i]
      // Infinity - Infinity is NaN: the number is beyond the type's range, and rounding it would be a lie.
      if (stored === undefined || (stored - stored !== 0 && !isMeant(value, takesInfinity))) return i
    } else {
      const other = floatFrom(value)
      if (other === undefined) return i
      data[at + i] = other
    }
  }
  return -1
}

export function writeHalfFloats(data: Uint16Array, target: RowTarget): number {
  return writeShortFloats(data, target, { bitsOf: float16FromNumber, exponentBits: 0x7c00 })
}

/** BF16 as the FP32 that it abbreviates: each number is rounded to 8 significant bits first. */
export function writeBrainFloats(data: Uint32Array, target: RowTarget): number {
  return writeShortFloats(data, target, { bitsOf: brainFloatBits, exponentBits: 0x7f800000 })
}

type ShortFloat = {
  readonly bitsOf: (value: number) => number
  /** All set in what is infinite or no number. */
  readonly exponentBits: number
}

function writeShortFloats(
  data: Uint16Array | Uint32Array,
  { row, at, takesInfinity }: RowTarget,
  { bitsOf, exponentBits }: ShortFloat,
): number {
  for (let i = 0; i < row.length; i++) {
    const value = row[i]
    const number = typeof value === 'number' ? value : floatFrom(value)
    if (number === undefined) return i
    const bits = bitsOf(number)
    const isFinite = (bits & exponentBits) !== exponentBits
    if (!isFinite && typeof value !== 'string' && !isMeant(number, takesInfinity)) return i
    data[at + i] = bits
  }
  return -1
}

function isMeant(value: number, takesInfinity: true | undefined): boolean {
  return takesInfinity === true && !Number.isFinite(value)
}

/** A float that is no JSON number in this process: a word, or an integer beyond ±2^53. */
function floatFrom(value: unknown): number | undefined {
  return typeof value === 'bigint' ? Number(value) : SPECIAL_NUMBERS.get(value)
}

/** All integer types that a double holds exactly. */
export function writeIntegers(
  data: Uint8Array | Uint16Array | Uint32Array | Int8Array | Int16Array | Int32Array,
  { row, at }: RowTarget,
): number {
  for (let i = 0; i < row.length; i++) {
    const value = row[i]
    if (typeof value !== 'number') return i
    data[at + i] = value
    // The array wraps and truncates: only what comes back unchanged was in range.
    if (data[at + i] !== value) return i
  }
  return -1
}

/** INT64 and UINT64. A number beyond 2^53 has already lost its last digits: only strings and `bigint` are taken there. */
export function writeBigIntegers(data: BigInt64Array | BigUint64Array, { row, at }: RowTarget): number {
  for (let i = 0; i < row.length; i++) {
    const integer = bigIntFrom(row[i])
    if (integer === undefined) return i
    data[at + i] = integer
    if (data[at + i] !== integer) return i
  }
  return -1
}

export function writeBooleans(data: Uint8Array, { row, at }: RowTarget): number {
  for (let i = 0; i < row.length; i++) {
    const value = row[i]
    if (value !== true && value !== false && value !== 0 && value !== 1) return i
    data[at + i] = Number(value)
  }
  return -1
}

export function writeStrings(data: string[], { row, at }: RowTarget): number {
  for (let i = 0; i < row.length; i++) {
    const value = row[i]
    if (typeof value !== 'string') return i
    data[at + i] = value
  }
  return -1
}

/** Longer than any 64-bit integer; a huge digit string must not cost a huge conversion. */
const INTEGER_TEXT = /^-?\d{1,20}$/

function bigIntFrom(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined
  return typeof value === 'string' && INTEGER_TEXT.test(value) ? BigInt(value) : undefined
}

/** A row of the tensor's own data type. @returns as the others */
export function writeElements(tensor: Tensor, target: RowTarget): number {
  switch (tensor.dtype) {
    case 'FP32':
    case 'FP64':
      return writeFloats(tensor.data, target)
    case 'FP16':
      return writeHalfFloats(tensor.data, target)
    case 'INT64':
    case 'UINT64':
      return writeBigIntegers(tensor.data, target)
    case 'BOOL':
      return writeBooleans(tensor.data, target)
    case 'BYTES':
      return writeStrings(tensor.data as string[], target) // made for this, not shared yet
    default:
      return writeIntegers(tensor.data, target)
  }
}
