/*
 * IEEE 754 half precision in JavaScript numbers, because Node.js 20 has no `Float16Array`.
 * Layout: 1 sign bit, 5 exponent bits (bias 15), 10 mantissa bits.
 */
const INFINITY_BITS = 0x7c00
const NAN_BITS = 0x7e00
const SIGN_BIT = 0x8000
const SMALLEST_NORMAL = 2 ** -14
/** Halfway between the largest finite value, 65504, and the next power of two: from here on it rounds to Infinity. */
const OVERFLOW = 65520

/** The nearest half-precision value as its bits, ties to even. */
export function float16FromNumber(value: number): number {
  if (Number.isNaN(value)) return NAN_BITS
  const sign = value < 0 || Object.is(value, -0) ? SIGN_BIT : 0
  const magnitude = Math.abs(value)
  if (magnitude >= OVERFLOW) return sign | INFINITY_BITS
  // Below the smallest normal value the bits simply count steps of 2^-24.
  if (magnitude < SMALLEST_NORMAL) return sign | roundHalfToEven(magnitude * 2 ** 24)
  const exponent = exponentOf(magnitude)
  const mantissa = roundHalfToEven(magnitude * 2 ** (10 - exponent)) - 1024
  // A mantissa that rounds up to 1024 carries into the exponent, as it should.
  return sign | (((exponent + 15) << 10) + mantissa)
}

export function float16ToNumber(bits: number): number {
  const sign = bits & SIGN_BIT ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const mantissa = bits & 0x3ff
  if (exponent === 0x1f) return mantissa === 0 ? sign * Infinity : NaN
  if (exponent === 0) return sign * mantissa * 2 ** -24
  return sign * (1024 + mantissa) * 2 ** (exponent - 25)
}

/** Floor of the base-2 logarithm; the logarithm itself may be off by one next to a power of two. */
function exponentOf(magnitude: number): number {
  const guess = Math.floor(Math.log2(magnitude))
  if (2 ** guess > magnitude) return guess - 1
  return 2 ** (guess + 1) <= magnitude ? guess + 1 : guess
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  if (rest !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}
