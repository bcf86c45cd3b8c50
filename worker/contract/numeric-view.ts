import { ARRAY_OF, type NumericDataType, type TensorDataByType } from './data-type.ts'

/**
 * The elements of a little-endian block: a view of it where it is aligned to the element size, else of a copy.
 *
 * @param bytes a multiple of the element size; not changed while the view is in use
 */
export function numericView<D extends NumericDataType>(dtype: D, bytes: Uint8Array): TensorDataByType[D] {
  const ArrayOfType = ARRAY_OF[dtype]
  const size = ArrayOfType.BYTES_PER_ELEMENT
  const { buffer, byteOffset, byteLength } = byteOffsetIsAligned(bytes, size) ? bytes : new Uint8Array(bytes)
  return new ArrayOfType(buffer, byteOffset, byteLength / size)
}

function byteOffsetIsAligned({ byteOffset }: Uint8Array, size: number): boolean {
  return byteOffset % size === 0
}
