import { PendingRequest, type PendingRequestInit } from '../../frontend/core/batching/pending-request.ts'

const NEVER = new AbortController().signal
let created = 0

/** A request of one row in one bucket, that may wait for ever, unless said otherwise. */
export function pendingRequest(init: Partial<PendingRequestInit> = {}): PendingRequest {
  created += 1
  return new PendingRequest({
    id: `r${created}`,
    headers: {},
    payload: { kind: 'parts', parts: [] },
    rows: 1,
    bucket: '',
    arrivedAtMs: 0,
    deadlineMs: Number.POSITIVE_INFINITY,
    signal: NEVER,
    ...init,
  })
}
