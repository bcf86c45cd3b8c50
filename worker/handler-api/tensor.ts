import { ARRAY_OF, type DataType, type TensorDataByType } from '../contract/data-type.ts'
import { ServingError } from '../contract/errors.ts'
import { float16FromNumber } from '../contract/float16.ts'
import { elementCount, formatShape, type TensorOf } from '../contract/tensor.ts'

/** Values that {@link tensor} converts to the data type's array. */
export type TensorValues<D extends DataType> =
  | TensorDataByType[D]
  | readonly (D extends 'BYTES' ? string : D extends 'BOOL' ? boolean | number : number | bigint)[]

/**
 * Makes a tensor: `tensor('x', 'FP32', [1, 4], [5.1, 3.5, 1.4, 0.2])`.
 *
 * The data type's own typed array is used in place; an array of values is converted (`FP16` from numbers, `BOOL`
 * from booleans, `INT64` and `UINT64` from integers).
 *
 * @throws HandlerError `invalid_argument` when the number of values does not fit the shape.
 */
export function tensor<D extends DataType>(
  name: string,
  dtype: D,
  shape: readonly number[],
  data: TensorValues<D>,
): TensorOf<D> {
  if (data.length !== elementCount(shape)) {
    throw new ServingError(
      'invalid_argument',
      `tensor '${name}' has ${data.length} values, its shape ${formatShape(shape)} needs ${elementCount(shape)}`,
    )
  }
  return { name, dtype, shape, data: dataFromValues(dtype, data) as TensorDataByType[D] } // dtype chose the array
}

function dataFromValues(dtype: DataType, values: TensorValues<DataType>): TensorDataByType[DataType] {
  if (dtype === 'BYTES') return values as readonly string[] // the values' type says so
  if (ArrayBuffer.isView(values)) return values
  const elements = values as readonly (number | bigint | boolean)[] // BYTES is done
  if (dtype === 'INT64') return BigInt64Array.from(elements, BigInt)
  if (dtype === 'UINT64') return BigUint64Array.from(elements, BigInt)
  const numbers =
    dtype === 'FP16' ? elements.map((each) => float16FromNumber(Number(each))) : elements.map(Number)
  const data = new ARRAY_OF[dtype](numbers.length)
  numbers.forEach((value, index) => (data[index] = value))
  return data
}
