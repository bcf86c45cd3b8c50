import type { RequestPayload } from '../../../worker/contract/messages.ts'
import { bucketKey, rowCount } from '../../../worker/contract/tensor-batch.ts'
import type { Operation, RequestHead, RunOptions } from '../data-plane.ts'
import { PendingRequest } from './pending-request.ts'

/** A request whose body has arrived. */
export type ArrivedRequest = RunOptions & {
  readonly arrivedAtMs: number
  readonly payload: RequestPayload
}

/** What waits in the queue for a request. @param timeoutMs from its arrival */
export function pendingFromArrived(
  head: RequestHead,
  { arrivedAtMs, payload, onPiece, sequence = head.sequence }: ArrivedRequest,
  timeoutMs: number,
): PendingRequest {
  return new PendingRequest({
    id: head.requestId,
    headers: head.headers,
    operation: head.operation,
    sequence,
    payload,
    // An empty request, too, takes a place in a batch.
    rows: payload.kind === 'tensors' ? Math.max(1, rowCount(payload.tensors) ?? 1) : 1,
    bucket: bucketOf(head.operation, payload),
    arrivedAtMs,
    deadlineMs: arrivedAtMs + timeoutMs,
    signal: head.signal,
    onPiece,
  })
}

/** Requests of different operations, or of tensors and of raw parts, never share a batch. */
function bucketOf(operation: Operation | undefined, payload: RequestPayload): string {
  const bucket = payload.kind === 'tensors' ? `tensors ${bucketKey(payload.tensors)}` : ''
  return operation === undefined || operation === 'predict' ? bucket : `${operation} ${bucket}`
}
