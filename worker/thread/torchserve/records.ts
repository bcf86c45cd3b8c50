import type { RequestPart } from '../../contract/messages.ts'
import { textOf } from '../../contract/text.ts'
import type { HandlerRequest } from '../../handler.ts'
import { BatchMemberRequest } from '../handler-request.ts'

export type RecordOptions = {
  /** Whether JSON and text are decoded; if not, all is bytes. */
  readonly decodes: boolean
  /** The record is the part `data`, else `body`, by itself. */
  readonly unwrapsBody: boolean
}

/**
 * A request as TorchServe's handlers see it: its parts by name, the last of a name counting; or what an envelope
 * makes of it.
 */
export function recordFromRequest(request: HandlerRequest, options: RecordOptions): unknown {
  if (request instanceof BatchMemberRequest && request.record !== undefined) return request.record.value
  // Without a prototype: a field may have any name.
  const record = Object.create(null) as Record<string, unknown> // an empty record
  for (const part of request.parts) record[part.name] = options.decodes ? decoded(part) : bytesOf(part)
  for (const tensor of request.tensors ?? []) record[tensor.name] = tensor
  // A request that a dialect has decoded has no envelope any more.
  const isEnveloped = options.unwrapsBody && request.tensors === undefined
  return isEnveloped ? (record['data'] ?? record['body']) : record
}

function decoded(part: RequestPart): unknown {
  const type = part.contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (type === 'application/json') return parsedOrBytes(part)
  return type.startsWith('text/') ? textOf(part.bytes) : bytesOf(part)
}

function parsedOrBytes(part: RequestPart): unknown {
  try {
    return JSON.parse(textOf(part.bytes)) as unknown
  } catch {
    return bytesOf(part) // TorchServe's rule: the handler may know better what it is
  }
}

/** A `Buffer`, for its conversions; a view, not a copy. */
function bytesOf({ bytes }: RequestPart): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
