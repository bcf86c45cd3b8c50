const BLANKS: readonly number[] = [0x20, 0x09, 0x0a, 0x0d]
const BRACES: readonly number[] = [0x7b, 0x5b] // `{` and `[`

/** Whether a text begins as a JSON object or array does; no form field begins so. */
export function startsLikeJson(bytes: Uint8Array): boolean {
  const first = bytes.find((byte) => !BLANKS.includes(byte))
  return first !== undefined && BRACES.includes(first)
}

/** Whether a text is JSON: a number, a quoted text, `true`, `false`, `null`, an object, an array. */
export function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(Buffer.from(bytes).toString())
    return true
  } catch {
    // Not JSON is the other answer.
    return false
  }
}
