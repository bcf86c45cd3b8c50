import type { DataType } from '../../../worker/contract/data-type.ts'
import { ServingError } from '../../../worker/contract/errors.ts'
import { elementCount, type Tensor, type TensorMetadata } from '../../../worker/contract/tensor.ts'
import { badParameter } from './parameter-names.ts'

/** Of all rows of an output together; Triton's. */
const MAX_CLASSES = 1_000_000
const NOT_CLASSIFIED: readonly DataType[] = ['BOOL', 'BYTES', 'FP16']
const DECIMALS = 6
/** From here on `toFixed` answers an exponent. */
const FIRST_WITH_EXPONENT = 1e21

/**
 * Reads the parameter `classification` of a wanted output.
 *
 * @param place of the value, for the message
 * @returns how many classes are wanted; undefined when the output is wanted as it is
 * @throws ServingError `invalid_argument`
 */
export function classesWanted(value: unknown, place: string): number | undefined {
  if (value === undefined) return undefined
  const classes = typeof value === 'bigint' ? Number(value) : value
  if (typeof classes !== 'number' || !Number.isInteger(classes) || classes < 0 || classes > MAX_CLASSES) {
    throw badParameter(place, `an integer from 0 to ${MAX_CLASSES}`, value)
  }
  return classes === 0 ? undefined : classes
}

/** @throws ServingError `invalid_argument` for an output whose values are in no order */
export function checkClassifiable({ name, dtype }: TensorMetadata, place: string): void {
  if (!NOT_CLASSIFIED.includes(dtype)) return
  throw new ServingError(
    'invalid_argument',
    `${place}: output '${name}' is ${dtype}, and only integers, FP32 and FP64 can be classified; leave the parameter out`,
    { reason: 'parameter' },
  )
}

export type Classification = {
  readonly classes: number
  /** Whether dimension 0 is the rows: each is then classified by itself. */
  readonly hasRows: boolean
  /** Names of the classes by their index. */
  readonly labels?: readonly string[] | undefined
}

/**
 * The largest values of an output as texts `value:index` or `value:index:label`, in descending order: `0.900000:7:seven`.
 *
 * @throws ServingError `invalid_argument` for more classes than an answer may hold
 */
export function classified(tensor: Tensor, { classes, hasRows, labels = [] }: Classification): Tensor {
  const { name, shape } = tensor
  const rows = hasRows ? (shape[0] ?? 1) : 1
  const size = elementCount(hasRows ? shape.slice(1) : shape)
  if (classes * rows > MAX_CLASSES) throw tooManyClasses(name, classes, rows)
  const kept = Math.min(classes, size)
  const data: string[] = []
  for (let row = 0; row < rows; row++) {
    for (const index of largest(tensor, { from: row * size, size, kept })) {
      const label = labels[index]
      const text = `${valueText(tensor, row * size + index)}:${index}`
      data.push(label === undefined ? text : `${text}:${label}`)
    }
  }
  return { name, dtype: 'BYTES', shape: hasRows ? [rows, kept] : [kept], data }
}

type Slice = { readonly from: number; readonly size: number; readonly kept: number }

/** Indices within the slice; equal values in the order of their indices, NaN behind everything. */
function largest({ data }: Tensor, { from, size, kept }: Slice): number[] {
  const indices = Array.from({ length: size }, (_, index) => index)
  indices.sort((a, b) => order(data[from + a], data[from + b]) || a - b)
  return indices.slice(0, kept)
}

type Element = Tensor['data'][number] | undefined

function order(a: Element = 0, b: Element = 0): number {
  if (a > b) return -1
  if (a < b) return 1
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
}

/** As C prints it. */
function valueText({ dtype, data }: Tensor, index: number): string {
  const value = data[index] ?? 0
  if (typeof value !== 'number' || !dtype.startsWith('FP')) return String(value)
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  if (Math.abs(value) >= FIRST_WITH_EXPONENT) return `${BigInt(value)}.${'0'.repeat(DECIMALS)}`
  return value.toFixed(DECIMALS)
}

function tooManyClasses(name: string, classes: number, rows: number): ServingError {
  return new ServingError(
    'invalid_argument',
    `output '${name}' has ${rows} rows, and ${classes} classes of each are over ${MAX_CLASSES} together; ask for fewer`,
    { reason: 'parameter' },
  )
}
