/** FP32 needs at most so many digits to be told from its neighbours, and fewer mostly suffice. */
const MAX_DIGITS = 9
const MIN_DIGITS = 6

/** The shortest decimal number that reads back as the same FP32 (or FP16: each of those is an FP32). */
export function shortestSingle(value: number): string {
  if (Object.is(value, -0)) return '-0'
  for (let digits = MIN_DIGITS; digits < MAX_DIGITS; digits++) {
    const shorter = Number(value.toPrecision(digits))
    if (Math.fround(shorter) === value) return String(shorter)
  }
  return String(Number(value.toPrecision(MAX_DIGITS)))
}
