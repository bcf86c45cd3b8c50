import { ServingError } from '../../contract/errors.ts'
import { parseJson } from '../../contract/json.ts'
import type { RequestPart } from '../../contract/messages.ts'
import { textOf } from '../../contract/text.ts'
import type { HandlerRequest } from '../../handler.ts'
import { isImage } from './pixels.ts'

/** One image as it came: an encoded file, or nested lists that are the graph's input already. */
export type SentImage =
  | { readonly kind: 'encoded'; readonly part: RequestPart }
  | { readonly kind: 'values'; readonly values: readonly unknown[] }

/**
 * The image of a request, in any of TorchServe's forms: bytes, base64 text, or a nested list; as the body, a form
 * file, or the field `data` or `body`, also of a JSON object.
 *
 * @throws ServingError `invalid_argument` when there is none, or more than one.
 */
export function sentImage(request: HandlerRequest): SentImage {
  const part = imagePart(request)
  if (isImage(part.bytes)) return { kind: 'encoded', part }
  const first = String.fromCharCode(part.bytes.find((byte) => byte > SPACE) ?? 0)
  if (first === '[' || first === '{' || first === '"') {
    return fromJson(part, parseJson(textOf(part.bytes), `'${part.name}'`))
  }
  const decoded = fromBase64(textOf(part.bytes))
  return { kind: 'encoded', part: decoded === undefined ? part : { ...part, bytes: decoded } }
}

const SPACE = 0x20
const DATA_URL = /^data:[\w/+.-]+;base64,/
const FIELDS = ['data', 'body', 'b64', 'image']

function imagePart(request: HandlerRequest): RequestPart {
  const files = request.parts.filter(({ fileName }) => fileName !== undefined)
  if (files.length > 1) {
    throw badRequest(`one image is expected, ${files.length} files came; send a request for each`)
  }
  const only = request.parts.length === 1 ? request.parts[0] : undefined
  const part = files[0] ?? request.part('data') ?? request.part('body') ?? only
  if (part === undefined) throw badRequest(`an image is expected as the body, a file, or the field 'data'`)
  return part
}

function fromJson(part: RequestPart, value: unknown): SentImage {
  if (Array.isArray(value)) return { kind: 'values', values: value }
  if (typeof value === 'string') {
    const bytes = fromBase64(value)
    if (bytes !== undefined) return { kind: 'encoded', part: { ...part, bytes } }
    throw badRequest(`'${part.name}' is a string that is no base64`)
  }
  const field = FIELDS.find((name) => Object.hasOwn(value as object, name)) // it began with `{`
  if (field === undefined) {
    throw badRequest(`'${part.name}' is a JSON object without an image; expected one of ${FIELDS.join(', ')}`)
  }
  const inner = (value as Record<string, unknown>)[field]
  if (Array.isArray(inner) || typeof inner === 'string') return fromJson(part, inner)
  throw badRequest(`'${field}' is expected to be base64 text or a nested list`)
}

/** Undefined when it is none. */
function fromBase64(text: string): Uint8Array | undefined {
  const bare = text.trim().replace(DATA_URL, '').replaceAll(/\s/g, '')
  return /^[A-Za-z0-9+/_-]{2,}={0,2}$/.test(bare) ? Buffer.from(bare, 'base64') : undefined
}

function badRequest(message: string): ServingError {
  return new ServingError('invalid_argument', message, { reason: 'image' })
}
