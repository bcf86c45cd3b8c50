/**
 * Why a batch took no more requests:
 *
 * - `full`: it reached `maxBatchRows` (or the most bytes), or the next request would not have fitted beside it.
 * - `idle_worker`: a worker was free, and nothing else waited.
 * - `delay`: it was held back for companions, and holding it longer was not allowed, or not worth it any more.
 * - `deadline`: with one request more, or held longer, a member would have missed its deadline.
 * - `shape`: a worker was free, and what else waited cannot share an engine call with it.
 */
export const BATCH_CLOSED_BY = ['full', 'idle_worker', 'delay', 'deadline', 'shape'] as const
export type BatchClosedBy = (typeof BATCH_CLOSED_BY)[number]
