import { float16FromNumber } from '../../worker/contract/float16.ts'

/** Biased exponents of single precision whose values are normal in half precision, even after rounding up. */
const SMALLEST_NORMAL = 113
const LARGEST_SAFE = 141
/** The difference of the two biases, in place. */
const REBIAS = 112 << 23

/** Each as `float16FromNumber` has it, but by its bits: a large model has millions. */
export function float16Values(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const halves = new Uint16Array(values.length)
  for (let index = 0; index < halves.length; index++) {
    halves[index] = halfOf(bits[index] ?? 0) ?? float16FromNumber(values[index] ?? NaN)
  }
  return halves
}

function halfOf(bits: number): number | undefined {
  const exponent = (bits >>> 23) & 0xff
  if (exponent < SMALLEST_NORMAL || exponent > LARGEST_SAFE) return undefined
  // Half of the last place that stays, less one where a tie is to go down to an even value.
  const rounding = 0xfff + ((bits >>> 13) & 1)
  const magnitude = ((bits & 0x7fffffff) + rounding - REBIAS) >>> 13
  return ((bits >>> 16) & 0x8000) | magnitude
}
