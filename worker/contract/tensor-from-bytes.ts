import { float32FromBrainFloats } from './brain-float.ts'
import { elementBytes } from './data-type.ts'
import { numericView } from './numeric-view.ts'
import { tensorOfBlock } from './string-block.ts'
import { stringsProblem } from './string-elements.ts'
import { formatShape, type Tensor } from './tensor.ts'
import { badTensor, elementCountOf, type WireTensor } from './wire-tensor.ts'

/**
 * Makes a tensor of declared type and shape from its raw elements: little-endian, row-major, no padding; strings
 * with their length before each.
 *
 * The tensor is a view of the bytes where they are aligned to the element size, else of a copy.
 *
 * @throws ServingError `invalid_argument` naming the input, what its bytes are, and what is expected.
 */
export function tensorFromBytes(wire: WireTensor, bytes: Uint8Array): Tensor {
  const { name, datatype, shape } = wire
  const count = elementCountOf(wire)
  if (datatype === 'BYTES') {
    checkStrings(wire, bytes, count)
    return tensorOfBlock(wire, { bytes, count })
  }
  checkSize(wire, bytes, count)
  if (datatype === 'BF16') return { name, dtype: 'FP32', shape, data: float32FromBrainFloats(bytes) }
  if (datatype === 'BOOL') checkBooleans(wire, bytes)
  return { name, dtype: datatype, shape, data: numericView(datatype, bytes) } as Tensor // a view of its type
}

function checkSize({ name, datatype, shape, at }: WireTensor, bytes: Uint8Array, count: number): void {
  const expectedBytes = count * (elementBytes(datatype) ?? 0)
  if (bytes.byteLength === expectedBytes) return
  throw badTensor(
    `input '${name}' has ${bytes.byteLength} bytes at ${at}, ${datatype} ${formatShape(shape)} needs ${expectedBytes}`,
  )
}

function checkStrings({ name, shape, at }: WireTensor, bytes: Uint8Array, count: number): void {
  const problem = stringsProblem(bytes, count)
  if (problem === undefined) return
  throw badTensor(
    `the block of input '${name}' at ${at} ${problem}; BYTES ${formatShape(shape)} needs ${count} UTF-8 strings, each behind its length as a little-endian 32-bit number`,
  )
}

/** The engine takes any other byte for something that is neither true nor false. */
function checkBooleans({ name, at }: WireTensor, bytes: Uint8Array): void {
  if (areBooleans(bytes)) return
  const index = bytes.findIndex((byte) => byte > 1)
  throw badTensor(`input '${name}' has the byte ${bytes[index]} at ${at}/${index}, BOOL expects 0 or 1`)
}

/** A word at a time, and no call for each: a block may have millions. */
function areBooleans(bytes: Uint8Array): boolean {
  const whole = bytes.byteLength - (bytes.byteLength % 4)
  const words = numericView('UINT32', bytes.subarray(0, whole))
  let bits = 0
  for (let index = 0; index < words.length; index++) bits |= words[index] ?? 0
  for (let index = whole; index < bytes.byteLength; index++) bits |= bytes[index] ?? 0
  return (bits & ~0x01010101) === 0
}
