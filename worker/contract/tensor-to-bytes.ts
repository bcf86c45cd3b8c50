import { blockOfTensor } from './string-block.ts'
import type { Tensor } from './tensor.ts'

/** A tensor's raw elements as {@link tensorFromBytes} reads them: a view of its data, and strings that nobody has looked at are where they came in. */
export function tensorToBytes(tensor: Tensor): Uint8Array {
  if (tensor.dtype === 'BYTES') return blockOfTensor(tensor)
  const { buffer, byteOffset, byteLength } = tensor.data
  return new Uint8Array(buffer, byteOffset, byteLength)
}
