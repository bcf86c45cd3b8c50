import { bytesFromStrings } from './string-elements.ts'
import type { Tensor } from './tensor.ts'

/** A tensor's raw elements as {@link tensorFromBytes} reads them: a view of its data, strings excepted. */
export function tensorToBytes(tensor: Tensor): Uint8Array {
  if (tensor.dtype === 'BYTES') return bytesFromStrings(tensor.data)
  const { buffer, byteOffset, byteLength } = tensor.data
  return new Uint8Array(buffer, byteOffset, byteLength)
}
