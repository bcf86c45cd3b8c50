import { ServingError } from '../../contract/errors.ts'
import { parseJson } from '../../contract/json.ts'
import { textOf } from '../../contract/text.ts'
import type { HandlerRequest } from '../../handler.ts'
import type { Text } from './encode.ts'

/** The texts of a request; `isList` when the client sent a list, and wants one back. */
export type SentTexts = { readonly texts: readonly Text[]; readonly isList: boolean }

/**
 * Texts as the body or the field `data` or `body`: plain text, or JSON: a string, a list of strings,
 * `{"text": …, "textPair": …}`, `{"text": [ … ]}`, or a list of such objects.
 *
 * @throws ServingError `invalid_argument`
 */
export function sentTexts(request: HandlerRequest, maxTexts: number): SentTexts {
  const text = textOf(request.body())
  if (text.trim() === '') throw badText('a text is expected as the body, or the field `data`; it is empty')
  return looksLikeJson(text)
    ? fromJson(parseJson(text, 'the body'), maxTexts)
    : { texts: [{ text }], isList: false }
}

/** Letters may begin with a quotation mark too, but then they hold no JSON. */
function looksLikeJson(text: string): boolean {
  const [first] = text.trimStart()
  if (first === '[' || first === '{') return true
  if (first !== '"') return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false // a text that happens to begin with a quotation mark
  }
}

function fromJson(value: unknown, maxTexts: number): SentTexts {
  if (Array.isArray(value)) {
    if (value.length === 0) throw badText('the list of texts is empty')
    if (value.length > maxTexts) {
      throw badText(
        `the list holds ${value.length} texts, at most ${maxTexts} are accepted; send several requests`,
      )
    }
    return { texts: value.map(textFrom), isList: true }
  }
  const inner: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'text') : undefined
  if (Array.isArray(inner)) return fromJson(inner, maxTexts)
  return { texts: [textFrom(value)], isList: false }
}

function textFrom(value: unknown): Text {
  if (typeof value === 'string') return { text: value }
  if (typeof value === 'object' && value !== null && 'text' in value && typeof value.text === 'string') {
    const textPair: unknown = Reflect.get(value, 'textPair')
    if (textPair === undefined) return { text: value.text }
    if (typeof textPair === 'string') return { text: value.text, textPair }
  }
  throw badText(`a text is expected, or {"text": …, "textPair": …}; found ${shown(value)}`)
}

function shown(value: unknown): string {
  try {
    const text = JSON.stringify(value)
    return text.length > 60 ? `${text.slice(0, 60)}…` : text
  } catch {
    return 'deep nesting' // what can be parsed cannot always be written again
  }
}

function badText(message: string): ServingError {
  return new ServingError('invalid_argument', message, { reason: 'text' })
}
