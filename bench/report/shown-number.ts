const DIGITS = 3

/** With three digits, or all of those before the point. */
export function shownNumber(value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (Number.isInteger(value)) return String(value)
  const digitsBeforePoint = Math.max(1, Math.floor(Math.log10(Math.abs(value))) + 1)
  return value.toFixed(Math.max(0, DIGITS - digitsBeforePoint))
}
