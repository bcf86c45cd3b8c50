import type { DataType } from './data-type.ts'
import { float16FromNumber } from './float16.ts'

/** Elements of one innermost JSON array, and where they go. */
export type RowTarget = {
  readonly row: readonly unknown[]
  /** Index in `data` of the row's first element. */
  readonly at: number
}

/** What a data type's JSON values look like, for messages. */
export const EXPECTED_ELEMENT: Readonly<Record<DataType, string>> = {
  BOOL: 'true, false, 1 or 0',
  UINT8: 'an integer from 0 to 255',
  UINT16: 'an integer from 0 to 65535',
  UINT32: 'an integer from 0 to 4294967295',
  UINT64: 'an integer from 0 to 2^64-1, beyond 2^53 as a string',
  INT8: 'an integer from -128 to 127',
  INT16: 'an integer from -32768 to 32767',
  INT32: 'an integer from -2147483648 to 2147483647',
  INT64: 'an integer from -2^63 to 2^63-1, beyond ±2^53 as a string',
  FP16: 'a number up to ±65504, "NaN", "Infinity" or "-Infinity"',
  FP32: 'a number up to ±3.4e38, "NaN", "Infinity" or "-Infinity"',
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
export function writeFloats(data: Float32Array | Float64Array, { row, at }: RowTarget): number {
  for (let i = 0; i < row.length; i++) {
    const value = row[i]
    if (typeof value === 'number') {
      data[at + i] = value
      const stored = data[at + i]
      // Infinity - Infinity is NaN: the number is beyond the type's range, and rounding it would be a lie.
      if (stored === undefined || stored - stored !== 0) return i
    } else {
      const special = SPECIAL_NUMBERS.get(value)
      if (special === undefined) return i
      data[at + i] = special
    }
  }
  return -1
}

export function writeHalfFloats(data: Uint16Array, { row, at }: RowTarget): number {
  for (let i = 0; i < row.length; i++) {
    const value = row[i]
    const number = typeof value === 'number' ? value : SPECIAL_NUMBERS.get(value)
    if (number === undefined) return i
    const bits = float16FromNumber(number)
    if (typeof value === 'number' && (bits & 0x7c00) === 0x7c00) return i
    data[at + i] = bits
  }
  return -1
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

/** INT64 and UINT64. A JSON number beyond 2^53 has already lost its last digits, hence only strings are taken there. */
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
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined
  return typeof value === 'string' && INTEGER_TEXT.test(value) ? BigInt(value) : undefined
}
