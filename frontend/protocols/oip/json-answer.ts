import type { TextAnswer } from '../kernel/transport.ts'

/** For programs: not indented. 64-bit integers are written with all their digits. */
export function compactJson(status: number, value: unknown): TextAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: jsonText(value) }
}

const MARK = '\u0000'
const MARKED = new RegExp(`"\\\\u0000(-?\\d+)"`, 'g')

/** As `JSON.stringify`, which knows no `bigint`. */
export function jsonText(value: unknown): string {
  let hasBigIntegers = false
  const text = JSON.stringify(value, (_, each: unknown) => {
    if (typeof each !== 'bigint') return each
    hasBigIntegers = true
    return `${MARK}${each}`
  })
  return hasBigIntegers ? text.replace(MARKED, '$1') : text
}
