import type { BatchRequest, BatchResult, RequestPart } from '../../worker/contract/messages.ts'
import type { Tensor } from '../../worker/contract/tensor.ts'

/** A request whose body is this JSON value, or this text or these bytes as they are. */
export function bodyRequest(body: unknown, id = 'r'): BatchRequest {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array
  return partsRequest([{ name: 'body', bytes: Buffer.from(isRaw ? body : JSON.stringify(body)) }], id)
}

export function partsRequest(parts: readonly RequestPart[], id = 'r'): BatchRequest {
  return { id, headers: {}, remainingMs: 60_000, payload: { kind: 'parts', parts } }
}

export function tensorsRequest(tensors: readonly Tensor[], id = 'r'): BatchRequest {
  return { id, headers: {}, remainingMs: 60_000, payload: { kind: 'tensors', tensors } }
}

/** What each member got: JSON answers parsed, other bytes as text, tensors as they are, errors as `code: message`. */
export function answersOf({ replies }: BatchResult): unknown[] {
  return replies.map((reply) => {
    if (!reply.ok) return `${reply.error.code}: ${reply.error.message}`
    const { payload } = reply.value
    if (payload.kind === 'tensors') return payload.tensors
    const text = Buffer.from(payload.bytes).toString()
    return payload.contentType === 'application/json' ? (JSON.parse(text) as unknown) : text
  })
}
