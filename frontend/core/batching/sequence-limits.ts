import type { SequenceBatching } from '../../../archiver-cli/format/model-config.ts'

/** Of the sequences of one version. */
export type SequenceLimits = {
  /** Absent: as many as its workers take rows. */
  readonly maxSequences: number | undefined
  readonly maxIdleMs: number
  readonly timeoutMs: number
  readonly maxQueuedRequests: number
}

/** A client that never says the last request must not hold its place for ever. */
const DEFAULT_MAX_IDLE_MS = 60_000
/** TorchServe's. */
const DEFAULT_MAX_QUEUED_REQUESTS = 1

export function sequenceLimitsOf({
  maxSequences,
  maxIdleMs,
  timeoutMs,
  maxQueuedRequests,
}: SequenceBatching): SequenceLimits {
  return {
    maxSequences,
    maxIdleMs: maxIdleMs ?? DEFAULT_MAX_IDLE_MS,
    timeoutMs: timeoutMs ?? Number.POSITIVE_INFINITY,
    maxQueuedRequests: maxQueuedRequests ?? DEFAULT_MAX_QUEUED_REQUESTS,
  }
}
