import { ARRAY_OF, DATA_TYPES, type DataType } from '../../../worker/contract/data-type.ts'
import { elementCount, type Tensor } from '../../../worker/contract/tensor.ts'
import { TENSOR_OF_EVERY_TYPE } from '../../support/tensors.ts'

/** The name of the input and of the output that has this type. */
export const inputOf = (dtype: DataType) => `in_${dtype.toLowerCase()}`
/** Not `…_bytes`: TensorFlow Serving writes outputs of such a name in base64. */
export const outputOf = (dtype: DataType) => `${dtype.toLowerCase()}_out`

/** One tensor of every type and of this shape, with the values that are easily lost in turn. */
export function everyType(shape: readonly number[]): Tensor[] {
  return DATA_TYPES.map((dtype) => tensorOf(inputOf(dtype), dtype, { shape, values: valuesOf(dtype) }))
}

function valuesOf(dtype: DataType): readonly (number | bigint | string)[] {
  const tensor = TENSOR_OF_EVERY_TYPE.find((each) => each.dtype === dtype)
  return Array.from<number | bigint | string>(tensor?.data ?? []).map((value) =>
    value === ODD_NAN ? NAN_BITS : value,
  )
}

/** Text tells that a number is none, not which of the many it is. */
const ODD_NAN = 0x7e01
const NAN_BITS = 0x7e00

type Content = { readonly shape: readonly number[]; readonly values: readonly (number | bigint | string)[] }

export function tensorOf(name: string, dtype: DataType, { shape, values }: Content): Tensor {
  const elements = Array.from({ length: elementCount(shape) }, (_, index) => values[index % values.length])
  if (dtype === 'BYTES') return { name, dtype, shape, data: elements as string[] } // the values of its type
  const data = new ARRAY_OF[dtype](elements.length)
  for (const [index, element] of elements.entries()) data[index] = element as never // the array of its own type
  return { name, dtype, shape, data } as Tensor // data was made for dtype
}
