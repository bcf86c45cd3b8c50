import { resultFrameFromResult } from '../contract/batch-codec.ts'
import { messageOf, type ErrorData } from '../contract/errors.ts'
import type { BatchResponse, BatchResult, WorkerReply } from '../contract/messages.ts'
import type { HandlerLogger } from '../handler.ts'

export type ResultFrameOptions = {
  readonly log: HandlerLogger
  readonly maxResponseBytes?: number | undefined
}

/**
 * The `result` frame of a batch. A reply that is too large or cannot be encoded becomes `internal`; the others stay
 * as they are.
 *
 * @param maxResponseBytes of one answer
 */
export function resultFrame(
  batchId: number,
  answered: BatchResult,
  { log, maxResponseBytes = Number.POSITIVE_INFINITY }: ResultFrameOptions,
): Uint8Array<ArrayBuffer> {
  const result = answered.replies.some((reply) => bytesOf(reply) > maxResponseBytes)
    ? { ...answered, replies: answered.replies.map((reply) => withinLimit(reply, maxResponseBytes)) }
    : answered
  try {
    return resultFrameFromResult(batchId, result)
  } catch {
    // Some member is to blame: which one shows when each is encoded alone.
    const { timing } = result
    const replies = result.replies.map((reply) => encodable(reply, { timing, log }))
    return resultFrameFromResult(batchId, { replies, timing })
  }
}

function withinLimit(
  reply: WorkerReply<BatchResponse>,
  maxResponseBytes: number,
): WorkerReply<BatchResponse> {
  const bytes = bytesOf(reply)
  if (bytes <= maxResponseBytes) return reply
  const message = `the answer has ${bytes} bytes, the limit is ${maxResponseBytes}; answer less, or raise maxResponseBytes`
  return { ok: false, error: { code: 'internal', reason: 'response_too_large', message } }
}

function bytesOf(reply: WorkerReply<BatchResponse>): number {
  if (!reply.ok) return 0
  const { payload } = reply.value
  if (payload.kind === 'bytes') return payload.bytes.byteLength
  return payload.tensors.reduce(
    (sum, { data }) => sum + ('byteLength' in data ? data.byteLength : textBytes(data)),
    0,
  )
}

function textBytes(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
}

function encodable(
  reply: WorkerReply<BatchResponse>,
  { timing, log }: Pick<BatchResult, 'timing'> & { readonly log: HandlerLogger },
): WorkerReply<BatchResponse> {
  try {
    resultFrameFromResult(0, { replies: [reply], timing })
    return reply
  } catch (error) {
    log.error("the handler's answer could not be encoded", {
      stack: error instanceof Error ? error.stack : messageOf(error),
    })
    return { ok: false, error: NOT_ENCODABLE }
  }
}

const NOT_ENCODABLE: ErrorData = {
  code: 'internal',
  message: "the handler's answer could not be encoded; the server's log has the details",
}
