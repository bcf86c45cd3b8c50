import { ARRAY_OF } from '../../../worker/contract/data-type.ts'
import type { Tensor } from '../../../worker/contract/tensor.ts'

/* Tensors as V2 carries them in bytes: little-endian, strings behind their length. */

export function bytesOfTensor(tensor: Tensor): Buffer {
  if (tensor.dtype === 'BYTES') {
    return Buffer.concat(
      tensor.data.flatMap((text) => {
        const bytes = Buffer.from(text)
        const length = Buffer.alloc(4)
        length.writeUInt32LE(bytes.byteLength)
        return [length, bytes]
      }),
    )
  }
  const { buffer, byteOffset, byteLength } = tensor.data
  return Buffer.from(buffer, byteOffset, byteLength)
}

export function tensorFromBytes(
  { name, dtype, shape }: Pick<Tensor, 'name' | 'dtype' | 'shape'>,
  bytes: Buffer,
): Tensor {
  if (dtype === 'BYTES') return { name, dtype, shape, data: stringsOf(bytes) }
  const ArrayOfType = ARRAY_OF[dtype]
  const copy = new Uint8Array(bytes) // aligned
  return { name, dtype, shape, data: new ArrayOfType(copy.buffer) } as Tensor // made for dtype
}

function stringsOf(bytes: Buffer): string[] {
  const texts: string[] = []
  for (let offset = 0; offset < bytes.byteLength;) {
    const end = offset + 4 + bytes.readUInt32LE(offset)
    texts.push(bytes.subarray(offset + 4, end).toString())
    offset = end
  }
  return texts
}
