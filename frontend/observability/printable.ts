/*
 * Names, paths and messages come from outside. On a terminal their control characters could move the cursor,
 * hide lines or forge them: C0 and C1 controls, DEL, line separators, and marks that reorder text.
 */
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g
const CONTROLS_BEYOND_JSON = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g

/** The text with every control character written as `\uXXXX`, line breaks too. */
export function printable(text: string): string {
  return text.replace(CONTROLS, escapeSequence)
}

/** A line of JSON, in which what JSON itself leaves unescaped is escaped as well: the value stays the same. */
export function printableJson(line: string): string {
  return line.replace(CONTROLS_BEYOND_JSON, escapeSequence)
}

/** At most `maxCharacters` of the text, with a mark where it was cut. */
export function clip(text: string, maxCharacters: number): string {
  return text.length <= maxCharacters ? text : `${text.slice(0, maxCharacters)}…`
}

function escapeSequence(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
