import { ARRAY_OF, type DataType, type NumericDataType } from '../worker/contract/data-type.ts'
import { float16FromNumber } from '../worker/contract/float16.ts'
import { badInput } from './errors.ts'
import type { TensorSchema } from './schema.ts'

/** A tensor on its way to the server. */
export type WireTensor = {
  readonly name: string
  readonly dtype: DataType
  readonly shape: readonly number[]
  readonly data: ArrayBufferView | readonly string[]
}

/** Deeper than any tensor. */
const MAX_RANK = 32

/** @throws OnnxServeError `input` naming what does not suit the schema */
export function wireTensor(
  name: string,
  { dtype, shape: expected }: TensorSchema,
  value: unknown,
): WireTensor {
  if (ArrayBuffer.isView(value)) {
    throw badInput(
      name,
      `is a flat ${nameOf(value)}; send it with its shape: { shape: [${expected.join(',')}], data }`,
    )
  }
  const { shape, elements } = isFlat(value)
    ? { shape: value.shape, elements: value.data }
    : flattened(name, value)
  checkShape(name, shape, expected)
  const count = shape.reduce((product, size) => product * size, 1)
  const length = lengthOf(elements)
  if (length !== count) {
    throw badInput(name, `has ${length} elements, its shape [${shape.join(',')}] needs ${count}`)
  }
  return { name, dtype, shape, data: dataOf(name, dtype, elements) }
}

type Flat = { readonly shape: readonly number[]; readonly data: unknown }

function isFlat(value: unknown): value is Flat {
  return typeof value === 'object' && value !== null && 'shape' in value && 'data' in value
}

function lengthOf(elements: unknown): number {
  return typeof elements === 'object' && elements !== null && 'length' in elements
    ? Number(elements.length)
    : -1
}

function checkShape(name: string, shape: readonly number[], expected: TensorSchema['shape']): void {
  const isShape = Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && size >= 0)
  const fits =
    isShape &&
    shape.length === expected.length &&
    expected.every((size, axis) => typeof size === 'string' || size === -1 || size === shape[axis])
  if (!fits) throw badInput(name, `has shape [${shape.join(',')}], the model expects [${expected.join(',')}]`)
}

/** The elements of nested arrays, row-major, and the shape that they have. */
function flattened(name: string, value: unknown): { shape: number[]; elements: unknown[] } {
  const shape: number[] = []
  for (let level: unknown = value; Array.isArray(level); level = level[0] as unknown) {
    if (shape.length === MAX_RANK) throw badInput(name, `is nested deeper than ${MAX_RANK} arrays`)
    shape.push(level.length)
  }
  const elements: unknown[] = []
  collect(name, { value, shape, elements, depth: 0 })
  return { shape, elements }
}

type Level = {
  readonly value: unknown
  readonly shape: readonly number[]
  readonly elements: unknown[]
  readonly depth: number
}

function collect(name: string, { value, shape, elements, depth }: Level): void {
  const size = shape[depth]
  if (size === undefined) {
    if (Array.isArray(value)) throw badInput(name, 'is ragged: its arrays are not equally deep')
    elements.push(value)
    return
  }
  if (!Array.isArray(value) || value.length !== size) {
    throw badInput(name, `is ragged: dimension ${depth} has ${size} elements in one place, not in another`)
  }
  for (const each of value) collect(name, { value: each, shape, elements, depth: depth + 1 })
}

function dataOf(name: string, dtype: DataType, elements: unknown): WireTensor['data'] {
  if (dtype === 'BYTES') return strings(name, elements)
  const ArrayOfType = ARRAY_OF[dtype]
  if (elements instanceof ArrayOfType) return elements
  if (!Array.isArray(elements)) {
    throw badInput(
      name,
      `has its data in a ${nameOf(elements)}, ${dtype} needs a ${ArrayOfType.name} or an array`,
    )
  }
  return converted(name, dtype, elements)
}

function strings(name: string, elements: unknown): readonly string[] {
  if (!Array.isArray(elements))
    throw badInput(name, `has its data in a ${nameOf(elements)}, BYTES needs strings`)
  const wrong = elements.findIndex((each) => typeof each !== 'string')
  if (wrong !== -1)
    throw badInput(name, `has a ${typeof elements[wrong]} as element ${wrong}, BYTES needs strings`)
  return elements as readonly string[] // the search has seen each
}

function nameOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? value.constructor.name : typeof value
}

function converted(name: string, dtype: NumericDataType, elements: readonly unknown[]): ArrayBufferView {
  const data = new ARRAY_OF[dtype](elements.length)
  for (const [index, element] of elements.entries()) {
    const stored = storable(dtype, element)
    if (stored !== undefined) data[index] = stored
    // The array wraps what is out of its range.
    if (stored === undefined || !isKept(dtype, stored, data[index])) {
      throw badInput(name, `has ${String(element)} as element ${index}, which is no ${dtype}`)
    }
  }
  return data
}

function storable(dtype: NumericDataType, element: unknown): number | bigint | undefined {
  if (dtype === 'BOOL') return typeof element === 'boolean' ? Number(element) : undefined
  if (dtype === 'INT64' || dtype === 'UINT64') {
    if (typeof element === 'bigint') return element
    return Number.isSafeInteger(element) ? BigInt(element as number) : undefined // isSafeInteger has seen a number
  }
  if (typeof element !== 'number') return undefined
  return dtype === 'FP16' ? halfOf(element) : element
}

/** The bits of half precision; undefined for a number beyond its range, ±65504. */
function halfOf(value: number): number | undefined {
  const bits = float16FromNumber(value)
  return Number.isFinite(value) && (bits & HALF_INFINITY) === HALF_INFINITY ? undefined : bits
}

const HALF_INFINITY = 0x7c00

/** Floats are rounded to their type, which is what their type is for. */
function isKept(
  dtype: NumericDataType,
  value: number | bigint,
  stored: number | bigint | undefined,
): boolean {
  if (dtype === 'FP32') return Number.isFinite(stored) || !Number.isFinite(value)
  return dtype === 'FP64' || stored === value
}
