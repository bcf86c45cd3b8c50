import { resultFrameFromResult } from '../contract/batch-codec.ts'
import { messageOf, type ErrorData } from '../contract/errors.ts'
import type { BatchResponse, BatchResult, WorkerReply } from '../contract/messages.ts'
import type { HandlerLogger } from '../handler.ts'

/**
 * The `result` frame of a batch. A reply that cannot be encoded becomes `internal`; the others stay as they are.
 */
export function resultFrame(
  batchId: number,
  result: BatchResult,
  log: HandlerLogger,
): Uint8Array<ArrayBuffer> {
  try {
    return resultFrameFromResult(batchId, result)
  } catch {
    // Some member is to blame: which one shows when each is encoded alone.
    const { timing } = result
    const replies = result.replies.map((reply) => encodable(reply, { timing, log }))
    return resultFrameFromResult(batchId, { replies, timing })
  }
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
