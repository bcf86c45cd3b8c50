import { parseExactJson } from '../../../worker/contract/exact-json.ts'
import { ServingError } from '../../../worker/contract/errors.ts'
import { textOf } from '../../../worker/contract/text.ts'
import type { RequestContext, Transport } from '../kernel/transport.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** Of calls that carry settings, not tensors or files. */
export const MAX_SETTINGS_BYTES = 64 * 1024

/**
 * The JSON body of a call; an empty one stands for `{}`.
 *
 * @throws ServingError `invalid_argument` | `resource_exhausted` | `cancelled`
 */
export async function readJsonObject(
  transport: Transport,
  ctx: RequestContext,
  maxBytes: number,
): Promise<JsonObject> {
  const bytes = await transport.readBody(ctx, maxBytes)
  return bytes.byteLength === 0 ? {} : jsonObjectFrom(textOf(bytes))
}

/** @throws ServingError `invalid_argument` */
export function jsonObjectFrom(text: string): JsonObject {
  const value = parseExactJson(text, 'the body')
  if (isJsonObject(value)) return value
  throw new ServingError('invalid_argument', 'the body is JSON, but no object; send one, like {}', {
    reason: 'body',
  })
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
