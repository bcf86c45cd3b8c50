import type { RequestPayload, TensorsPayload } from '../../../worker/contract/messages.ts'
import { paddedKey } from '../../../worker/contract/padding.ts'
import type { TensorMetadata } from '../../../worker/contract/tensor.ts'
import { bucketKey, rowCount } from '../../../worker/contract/tensor-batch.ts'
import type { Operation, RequestHead, RunOptions } from '../data-plane.ts'
import { requestTimeoutMs, type VersionSettings } from '../settings.ts'
import { PendingRequest } from './pending-request.ts'

/** A request whose body has arrived. */
export type ArrivedRequest = RunOptions & {
  readonly arrivedAtMs: number
  readonly payload: RequestPayload
}

/** What the version makes of a request. */
export type Placing = {
  readonly settings: VersionSettings
  /** Whether all requests of the version may share engine calls. */
  readonly hasOneBucket?: boolean | undefined
  /** Whether dimension 0 of its tensors is the rows. */
  readonly hasRows?: boolean | undefined
  /** What requests of tensors bring; absent: not known. */
  readonly inputs?: readonly TensorMetadata[] | undefined
}

/** What waits in the queue for a request. */
export function pendingFromArrived(
  head: RequestHead,
  { arrivedAtMs, payload, onPiece, sequence = head.sequence, priority, timeoutMs: askedMs }: ArrivedRequest,
  { settings, hasOneBucket = false, hasRows = false, inputs = [] }: Placing,
): PendingRequest {
  const { scheduling, padding } = settings
  const keyOf = padding === undefined ? bucketKey : (tensors: Tensors) => paddedKey(tensors, inputs, padding)
  // A queue policy says whether a request may shorten its wait; without one, it shortens its deadline.
  const timeoutMs = requestTimeoutMs(settings, head.timeoutMs, scheduling === undefined ? askedMs : undefined)
  return new PendingRequest({
    id: head.requestId,
    headers: head.headers,
    operation: head.operation,
    sequence,
    payload,
    // An empty request, too, takes a place in a batch.
    rows: payload.kind === 'tensors' && hasRows ? Math.max(1, rowCount(payload.tensors) ?? 1) : 1,
    bucket: bucketOf(head.operation, hasOneBucket ? ANY : payload, keyOf),
    arrivedAtMs,
    deadlineMs: arrivedAtMs + timeoutMs,
    priority: scheduling === undefined ? undefined : priority,
    queueTimeoutMs: scheduling === undefined ? undefined : askedMs,
    signal: head.caller ?? head.signal,
    onPiece,
  })
}

type Tensors = TensorsPayload['tensors']

const ANY = { kind: 'any' } as const

/**
 * Requests of different operations never share a batch; nor do tensors and raw parts, unless the version has one
 * bucket: their rows are counted in different places, and only one of the two may go past the handler.
 */
function bucketOf(
  operation: Operation | undefined,
  payload: RequestPayload | typeof ANY,
  keyOf: (tensors: Tensors) => string,
): string {
  const bucket = payload.kind === 'tensors' ? `tensors ${keyOf(payload.tensors)}` : ''
  return operation === undefined || operation === 'predict' ? bucket : `${operation} ${bucket}`
}
