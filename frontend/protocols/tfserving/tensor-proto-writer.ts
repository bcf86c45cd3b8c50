import type { Tensor } from '../../../worker/contract/tensor.ts'
import { tensorToBytes } from '../../../worker/contract/tensor-to-bytes.ts'
import { LENGTH_DELIMITED, VARINT } from '../kernel/protobuf-wire.ts'
import { DT_OF } from './metadata.ts'
import { LIST_OF } from './tensor-lists.ts'

const DTYPE = 1
const SHAPE = 2
const CONTENT = 4
const DIM = 2
const DIM_SIZE = 1

/**
 * The bytes of a `tensorflow.TensorProto`.
 *
 * @param isRaw whether the elements go into `tensor_content`; strings stay in their list
 */
export function tensorToProto(tensor: Tensor, isRaw: boolean): Uint8Array {
  const { number: dt } = DT_OF[tensor.dtype]
  const dims = tensor.shape.map((size) => delimited(DIM, [tag(DIM_SIZE, VARINT), varint(size)]))
  return Buffer.concat([
    tag(DTYPE, VARINT),
    varint(dt),
    ...delimited(SHAPE, dims.flat()),
    ...(isRaw && tensor.dtype !== 'BYTES' ? delimited(CONTENT, [tensorToBytes(tensor)]) : list(tensor, dt)),
  ])
}

/** A length-delimited field, as pieces. */
function delimited(number: number, content: readonly Uint8Array[]): Uint8Array[] {
  const byteLength = content.reduce((sum, piece) => sum + piece.byteLength, 0)
  return [tag(number, LENGTH_DELIMITED), varint(byteLength), ...content]
}

function list(tensor: Tensor, dt: number): Uint8Array[] {
  const number = LIST_OF.get(dt)?.number ?? 0
  if (tensor.dtype === 'BYTES') return tensor.data.flatMap((text) => delimited(number, [Buffer.from(text)]))
  return tensor.data.length === 0 ? [] : delimited(number, [packed(tensor)])
}

/** Floats lie in a packed list as they do in memory. */
function packed(tensor: Exclude<Tensor, { dtype: 'BYTES' }>): Uint8Array {
  switch (tensor.dtype) {
    case 'FP32':
    case 'FP64':
      return tensorToBytes(tensor)
    case 'INT64':
    case 'UINT64': {
      const { buffer, byteOffset, length } = tensor.data
      const halves = new Uint32Array(buffer, byteOffset, length * 2)
      return packedVarints(length, (index) => [halves[2 * index] ?? 0, halves[2 * index + 1] ?? 0])
    }
    default: {
      const { data } = tensor
      // A negative number has all 64 bits on the wire.
      return packedVarints(data.length, (index) => [
        (data[index] ?? 0) >>> 0,
        (data[index] ?? 0) < 0 ? 0xffffffff : 0,
      ])
    }
  }
}

type Halves = readonly [low: number, high: number]

function packedVarints(count: number, halvesAt: (index: number) => Halves): Uint8Array {
  let byteLength = 0
  for (let index = 0; index < count; index++) byteLength += varintBytes(halvesAt(index))
  const bytes = Buffer.allocUnsafe(byteLength)
  let at = 0
  for (let index = 0; index < count; index++) at = writeVarint(bytes, at, halvesAt(index))
  return bytes
}

const BITS_PER_BYTE = 7

function varintBytes([low, high]: Halves): number {
  const bits = high === 0 ? 32 - Math.clz32(low) : 64 - Math.clz32(high)
  return Math.max(1, Math.ceil(bits / BITS_PER_BYTE))
}

/** @returns the position behind it */
function writeVarint(bytes: Uint8Array, start: number, [low, high]: Halves): number {
  let at = start
  let rest = low
  let above = high
  while (above !== 0 || rest > 0x7f) {
    bytes[at++] = (rest & 0x7f) | 0x80
    rest = ((rest >>> BITS_PER_BYTE) | (above << (32 - BITS_PER_BYTE))) >>> 0
    above >>>= BITS_PER_BYTE
  }
  bytes[at++] = rest
  return at
}

function varint(value: number): Uint8Array {
  const halves: Halves = [value >>> 0, Math.floor(value / 2 ** 32)]
  const bytes = new Uint8Array(varintBytes(halves))
  writeVarint(bytes, 0, halves)
  return bytes
}

function tag(number: number, type: number): Uint8Array {
  return varint((number << 3) | type)
}
