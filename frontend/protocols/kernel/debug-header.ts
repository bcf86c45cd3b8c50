import type { RequestTiming } from '../../core/data-plane.ts'
import { badHeader } from './errors.ts'
import type { RequestContext } from './transport.ts'

/** Asks how the request was run: its value names what is asked for. */
export const DEBUG_HEADER = 'x-onnxserve-debug'
/** Answers it. */
export const BATCH_HEADER = 'x-onnxserve-batch'

const KNOWN = 'batch'

/**
 * Where the time of a request went, for the answer's head; undefined when it was not asked for.
 *
 * An answer that is streamed has its head before its batch has ended, and goes without.
 *
 * @throws ServingError `invalid_argument` for anything but `batch`
 */
export function batchExplainer({
  req,
  res,
}: Pick<RequestContext, 'req' | 'res'>): ((timing: RequestTiming) => void) | undefined {
  const asked = req.headers[DEBUG_HEADER]
  if (asked === undefined) return undefined
  if (asked !== KNOWN) throw badHeader(DEBUG_HEADER, String(asked), `'${KNOWN}'`)
  return (timing) => {
    if (!res.headersSent) res.setHeader(BATCH_HEADER, batchInWords(timing))
  }
}

/** For example `closed_by=full, requests=3, rows=12, queue_ms=0.52, worker_ms=4.10, predicted_ms=4.00`. */
export function batchInWords({
  queueMs,
  workerMs,
  predictedMs,
  batch,
  batchRequests,
  closedBy,
}: RequestTiming): string {
  const facts = {
    closed_by: closedBy,
    requests: batchRequests,
    rows: batch.rows,
    queue_ms: queueMs.toFixed(2),
    worker_ms: workerMs.toFixed(2),
    predicted_ms: predictedMs.toFixed(2),
  }
  return Object.entries(facts)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ')
}
