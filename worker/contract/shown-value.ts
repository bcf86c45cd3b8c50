const MAX_CHARACTERS = 60
const MAX_SHOWN_ITEMS = 8

/** A refused JSON value in a message: short, whatever a client sent, and never an overflow of the stack. */
export function shownValue(value: unknown): string {
  const text = fullText(value)
  return text.length <= MAX_CHARACTERS ? text : `${text.slice(0, MAX_CHARACTERS - 3)}...`
}

function fullText(value: unknown): string {
  if (Array.isArray(value)) return listText(value)
  if (typeof value === 'object' && value !== null) return 'an object'
  if (typeof value === 'bigint' || typeof value === 'number') return String(value)
  if (value === undefined) return 'nothing'
  const isLong = typeof value === 'string' && value.length > MAX_CHARACTERS
  return JSON.stringify(isLong ? value.slice(0, MAX_CHARACTERS) : value)
}

function listText(list: readonly unknown[]): string {
  const isPlain =
    list.length <= MAX_SHOWN_ITEMS && list.every((item) => typeof item !== 'object' || item === null)
  return isPlain ? `[${list.map(fullText).join(',')}]` : `a list of ${list.length}`
}
