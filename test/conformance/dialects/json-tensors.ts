import { ARRAY_OF, type NumericDataType } from '../../../worker/contract/data-type.ts'
import { float16FromNumber, float16ToNumber } from '../../../worker/contract/float16.ts'
import { elementCount, type Tensor } from '../../../worker/contract/tensor.ts'

/* Tensors in JSON as a client would write them by hand: big integers as digits, what is no number as a string. */

/** An integer that `JSON.parse` would round, wherever a value may stand. */
const LONG_INTEGER = /(?<=[[:,\s])-?\d{16,}(?=[\],}\s])/g

/** Long integers come as strings. */
export function parseJson(text: string): unknown {
  return JSON.parse(text.replace(LONG_INTEGER, '"$&"'))
}

export function flatText(tensor: Tensor): string {
  return `[${elementTexts(tensor).join(',')}]`
}

export function nestedText(tensor: Tensor): string {
  const texts = elementTexts(tensor)
  const write = (shape: readonly number[], start: number): string => {
    const [size, ...rest] = shape
    if (size === undefined) return texts[start] ?? ''
    const stride = elementCount(rest)
    return `[${Array.from({ length: size }, (_, index) => write(rest, start + index * stride)).join(',')}]`
  }
  return write(tensor.shape, 0)
}

function elementTexts(tensor: Tensor): string[] {
  switch (tensor.dtype) {
    case 'BYTES':
      return tensor.data.map((text) => JSON.stringify(text))
    case 'BOOL':
      return Array.from(tensor.data, (each) => String(each === 1))
    case 'FP16':
      return Array.from(tensor.data, (bits) => numberText(float16ToNumber(bits)))
    case 'INT64':
    case 'UINT64':
      return Array.from(tensor.data, String)
    default:
      return Array.from(tensor.data, numberText)
  }
}

function numberText(value: number): string {
  return Number.isFinite(value) ? String(value) : `"${value}"`
}

export function shapeOfNested(value: unknown): number[] {
  return Array.isArray(value) ? [value.length, ...(value.length === 0 ? [] : shapeOfNested(value[0]))] : []
}

type Described = Pick<Tensor, 'name' | 'dtype'> & { readonly shape: readonly number[] }

/** @param elements in flat order */
export function tensorFromElements({ name, dtype, shape }: Described, elements: readonly unknown[]): Tensor {
  if (dtype === 'BYTES') return { name, dtype, shape, data: elements as string[] } // the test compares them
  const data = new ARRAY_OF[dtype](elements.length)
  for (const [index, element] of elements.entries()) data[index] = numberOf(dtype, element) // of its type
  return { name, dtype, shape, data } as Tensor // data was made for dtype
}

export function tensorFromNested({ name, dtype }: Pick<Tensor, 'name' | 'dtype'>, value: unknown): Tensor {
  const shape = shapeOfNested(value)
  return tensorFromElements({ name, dtype, shape }, Array.isArray(value) ? value.flat(shape.length) : [value])
}

function numberOf(dtype: NumericDataType, element: unknown): number | bigint {
  if (dtype === 'INT64' || dtype === 'UINT64') return BigInt(element as string | number)
  return dtype === 'FP16' ? float16FromNumber(Number(element)) : Number(element)
}
