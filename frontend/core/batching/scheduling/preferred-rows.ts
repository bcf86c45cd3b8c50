import type { BatchPlan } from './schedule.ts'

/** The requests that could be the next batch. */
export type PreferenceSnapshot = {
  readonly nowMs: number
  readonly oldestArrivalMs: number
  /** Rows of the first, of the first two, and so on: of those that fit. */
  readonly sums: readonly number[]
  /** Whether another request waits that does not fit any more. */
  readonly isComplete: boolean
}

export type PreferenceRules = {
  /** Ascending. */
  readonly preferredBatchRows: readonly number[]
  readonly maxBatchRows: number
  readonly maxBatchDelayMs: number
}

/**
 * When a batch runs that should have one of the preferred sizes, and how much of the queue it takes.
 *
 * The largest preferred size that whole requests add up to runs at once, and so does what is beyond the largest
 * preferred size or cannot grow any more; anything else waits until its oldest request has waited for
 * `maxBatchDelayMs`, and then takes all that fits (Triton's dynamic batcher).
 */
export function planPreferred(
  { nowMs, oldestArrivalMs, sums, isComplete }: PreferenceSnapshot,
  { preferredBatchRows, maxBatchRows, maxBatchDelayMs }: PreferenceRules,
): BatchPlan {
  const reached = preferredBatchRows.filter((rows) => sums.includes(rows)).at(-1)
  if (reached !== undefined) return { waitMs: 0, maxRows: reached }
  const isBeyond = (sums.at(-1) ?? 0) > (preferredBatchRows.at(-1) ?? 0)
  if (isBeyond || isComplete) return { waitMs: 0, maxRows: maxBatchRows }
  return { waitMs: Math.max(0, oldestArrivalMs + maxBatchDelayMs - nowMs), maxRows: maxBatchRows }
}
