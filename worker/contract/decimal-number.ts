/*
 * Decimal numbers, digits × 10^exponent, as floats: only where floating-point arithmetic gives the very float that is
 * nearest to them. `digits` is the integer that all their digits are, as a double.
 */

/** Those that a double holds exactly. */
const POWERS_OF_TEN = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`))
const LARGEST_EXACT_EXPONENT = 22

/**
 * The nearest double, if one rounding comes to it: of an exact integer, by an exact power of ten.
 *
 * @see Clinger, "How to read floating point numbers accurately", 1990
 */
export function doubleFromDecimal(digits: number, exponent: number): number | undefined {
  if (digits > Number.MAX_SAFE_INTEGER) return undefined
  const power = POWERS_OF_TEN[Math.abs(exponent)]
  if (power === undefined) return undefined
  return exponent < 0 ? digits / power : digits * power
}

/** Of so many digits, those behind the 15th make `digits` inexact by two roundings each. */
const MAX_DIGITS = 25
/** More than those 20 roundings, two of powers, and the one of the bound: each is 2^-53 of the number at most. */
const ERROR_BOUND = 2 ** -48

/**
 * The single that is nearest to the nearest double, if that is certain whatever the roundings on the way were: for
 * all but about one in a million.
 *
 * @param count of the digits
 */
export function singleFromDecimal(digits: number, exponent: number, count: number): number | undefined {
  if (count > MAX_DIGITS) return undefined
  const about = aboutDecimal(digits, exponent)
  const single = Math.fround(about * (1 - ERROR_BOUND))
  return single === Math.fround(about * (1 + ERROR_BOUND)) ? single : undefined
}

/** NaN beyond the powers that two steps come to. */
function aboutDecimal(digits: number, exponent: number): number {
  if (exponent >= 0) return digits * (POWERS_OF_TEN[exponent] ?? NaN)
  const far = Math.min(-exponent, LARGEST_EXACT_EXPONENT)
  return digits / (POWERS_OF_TEN[far] ?? NaN) / (POWERS_OF_TEN[-exponent - far] ?? NaN)
}
