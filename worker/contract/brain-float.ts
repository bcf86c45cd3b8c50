import { numericView } from './numeric-view.ts'

/*
 * BF16 is the upper half of an FP32: 1 sign bit, 8 exponent bits, 7 mantissa bits. It exists on the wire only,
 * because this runtime has no such tensors; FP32 holds each of its values exactly.
 */
const single = new Float32Array(1)
const bits = new Uint32Array(single.buffer)

/** The BF16 next to the value's FP32, ties to even, as the bits of the FP32 that it abbreviates. */
export function brainFloatBits(value: number): number {
  // Rounding must not carry the payload of a not-a-number into infinity.
  if (Number.isNaN(value)) return 0x7fc00000
  single[0] = value
  const exact = bits[0] ?? 0
  const lowestKeptBit = (exact >>> 16) & 1
  return ((exact + 0x7fff + lowestKeptBit) & 0xffff0000) >>> 0
}

/** Each BF16 of a little-endian block as FP32. */
export function float32FromBrainFloats(block: Uint8Array): Float32Array {
  const halves = numericView('UINT16', block)
  const wide = new Uint32Array(halves.length)
  for (let index = 0; index < halves.length; index++) wide[index] = (halves[index] ?? 0) << 16
  return new Float32Array(wide.buffer)
}
