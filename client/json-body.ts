import { ARRAY_OF, type NumericDataType } from '../worker/contract/data-type.ts'
import { float16FromNumber, float16ToNumber } from '../worker/contract/float16.ts'
import { badAnswer } from './errors.ts'
import type { OutputTensor } from './schema.ts'
import type { WireTensor } from './tensor-input.ts'

/* Tensors as JSON. Integers of 64 bits are written as digits; NaN and the infinities, for which JSON has no number, as
 * strings. */

/** The body of a request. `head` is what it says beside its inputs. */
export function jsonBody(head: object, tensors: readonly WireTensor[]): string {
  const inputs = tensors.map((tensor) => {
    const { name, dtype: datatype, shape } = tensor
    return `${JSON.stringify({ name, datatype, shape }).slice(0, -1)},"data":[${elementsOf(tensor).join(',')}]}`
  })
  const start = JSON.stringify(head).slice(0, -1)
  return `${start}${start === '{' ? '' : ','}"inputs":[${inputs.join(',')}]}`
}

function elementsOf({ dtype, data }: WireTensor): string[] {
  if (dtype === 'BYTES') return Array.from(data as readonly string[], (text) => JSON.stringify(text))
  const numbers = Array.from(data as unknown as ArrayLike<number | bigint>)
  if (dtype === 'BOOL') return numbers.map((each) => (each === 0 ? 'false' : 'true'))
  if (dtype === 'FP16') return numbers.map((bits) => numberText(float16ToNumber(Number(bits))))
  return numbers.map(numberText)
}

function numberText(value: number | bigint): string {
  if (Object.is(value, -0)) return '-0'
  return typeof value === 'bigint' || Number.isFinite(value) ? String(value) : `"${value}"`
}

/** A tensor from the flat `data` of an answer. */
export function tensorFromJson(
  { dtype, shape }: Pick<OutputTensor, 'dtype' | 'shape'>,
  data: unknown,
): OutputTensor {
  const count = shape.reduce((product, size) => product * size, 1)
  if (!Array.isArray(data) || data.length !== count) {
    throw badAnswer(`has no ${count} elements for the shape [${shape.join(',')}]`)
  }
  const elements = dtype === 'BYTES' ? data : numbersFromJson(dtype, data)
  return { dtype, shape, data: elements } // made for dtype
}

function numbersFromJson(dtype: NumericDataType, data: readonly unknown[]) {
  const numbers = new ARRAY_OF[dtype](data.length)
  for (const [index, element] of data.entries()) numbers[index] = numberFromJson(dtype, element)
  return numbers
}

/** Strings hold what JSON has no number for. */
function numberFromJson(dtype: NumericDataType, element: unknown): number | bigint {
  if (dtype === 'INT64' || dtype === 'UINT64') return bigIntegerFrom(dtype, element)
  if (element === null) return NaN
  const number = Number(element)
  return dtype === 'FP16' ? float16FromNumber(number) : number
}

function bigIntegerFrom(dtype: NumericDataType, element: unknown): bigint {
  if (typeof element === 'bigint' || Number.isSafeInteger(element)) return BigInt(element as bigint | number) // seen
  if (typeof element === 'string' && /^-?\d+$/.test(element)) return BigInt(element)
  throw badAnswer(`has ${String(element)} among the elements of an ${dtype}`)
}
