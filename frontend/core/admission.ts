import type { ServingError } from '../../worker/contract/errors.ts'
import type { ModelId } from '../../worker/contract/model-id.ts'
import { bodyTooLarge, noIdleWorker, notServing, queueFull, queueFullOfBytes, waitTooLong } from './errors.ts'
import type { VersionState } from './version-state.ts'

/** What admission looks at: the request's head and the version at this moment. */
export type AdmissionSnapshot = {
  readonly model: ModelId
  readonly state: VersionState
  /** Why the version is not serving, when it is not. */
  readonly reason: string | undefined
  /** Batches that workers take at a time which are loaded, or are being loaded without a back-off before them. */
  readonly workers: number
  /** Time until the next try to start a worker when `workers` is 0. */
  readonly backoffMs: number
  /** Batches that loaded workers take now; undefined unless a request is admitted for an idle worker only. */
  readonly tickets?: number | undefined
  readonly queuedRequests: number
  readonly queuedRows: number
  /** Requests whose bodies are still coming: work that is ahead, though a free worker does not wait for it. */
  readonly arrivingRequests?: number
  /** Payloads that wait, in memory. */
  readonly queuedBytes: number
  readonly runningBatches: number
  readonly maxQueuedRequests: number
  /** Processes that share the bounds of the queue, each with one of its own; absent: this one only. */
  readonly frontends?: number | undefined
  readonly maxBatchRows: number
  /** Predicted time of a full batch; 0 while unknown. */
  readonly fullBatchMs: number
  readonly timeoutMs: number
  /** The longest wait that a request is admitted to; absent: its deadline alone counts. */
  readonly targetWaitMs?: number | undefined
  /** It may be shed before others. */
  readonly isBackground?: boolean
  /** Spreads the retries of those that are refused at the same time; absent: they are not spread. */
  readonly random?: (() => number) | undefined
  readonly announcedBytes: number | undefined
  readonly maxRequestBytes: number
}

/** Share of its timeout that a request may be predicted to spend: the prediction may be wrong by the rest. */
const DEADLINE_SHARE = 0.8
/** Share of the limit up to which requests are admitted that may be shed before others. */
const BACKGROUND_SHARE = 0.5
const LOADING_RETRY_MS = 1000
/** Memory of one version's queue: the number of requests alone would allow a thousand of the largest bodies. */
const MAX_QUEUED_BYTES = 2 ** 30

/**
 * Decides on a request before its body is read.
 *
 * The predicted wait is the work ahead of it in full batches, shared by the workers, plus its own full batch
 * (the rule of predicted-wait admission: refusing at once what would be late keeps goodput at capacity).
 *
 * @returns the refusal, or undefined to admit.
 */
export function refusalOf(snapshot: AdmissionSnapshot): ServingError | undefined {
  const { model, announcedBytes, maxRequestBytes, timeoutMs } = snapshot
  if (snapshot.state !== 'ready') return stateRefusal(snapshot)
  if (snapshot.workers === 0) {
    return notServing(model, 'no_worker', snapshot.reason ?? 'it has no worker', snapshot.backoffMs)
  }
  if (announcedBytes !== undefined && announcedBytes > maxRequestBytes) {
    return bodyTooLarge(model, announcedBytes, maxRequestBytes)
  }
  const { tickets } = snapshot
  if (tickets !== undefined && snapshot.runningBatches + snapshot.queuedRequests >= tickets) {
    return noIdleWorker(model, tickets, retryAfterMs(snapshot, snapshot.fullBatchMs))
  }
  const waitMs = predictedWaitMs(snapshot)
  const { frontends = 1 } = snapshot
  const maxQueuedRequests = Math.ceil(snapshot.maxQueuedRequests / frontends)
  if (snapshot.queuedRequests >= maxQueuedRequests) {
    return queueFull(model, maxQueuedRequests, retryAfterMs(snapshot, waitMs))
  }
  const maxQueuedBytes = Math.floor(MAX_QUEUED_BYTES / frontends)
  if (snapshot.queuedBytes + (announcedBytes ?? 0) > maxQueuedBytes) {
    return queueFullOfBytes(model, maxQueuedBytes, retryAfterMs(snapshot, waitMs))
  }
  const limitMs = waitLimitMs(snapshot)
  if (waitMs <= limitMs) return undefined
  const isTarget = limitMs < DEADLINE_SHARE * timeoutMs
  return waitTooLong(model, waitMs, { limitMs, isTarget, retryAfterMs: retryAfterMs(snapshot, waitMs) })
}

function waitLimitMs({ timeoutMs, targetWaitMs, isBackground }: AdmissionSnapshot): number {
  const limitMs = Math.min(DEADLINE_SHARE * timeoutMs, targetWaitMs ?? Number.POSITIVE_INFINITY)
  return isBackground === true ? BACKGROUND_SHARE * limitMs : limitMs
}

/** The wait that was predicted, and up to once more: clients that were refused together do not return together. */
function retryAfterMs({ random }: AdmissionSnapshot, waitMs: number): number {
  return random === undefined ? waitMs : waitMs * (1 + random())
}

export function predictedWaitMs(snapshot: AdmissionSnapshot): number {
  const { queuedRows, runningBatches, workers, maxBatchRows, fullBatchMs } = snapshot
  // A free worker takes the request at once, whatever is predicted: refusing it on a prediction from slower
  // times would leave no batch to correct the prediction by, and the version idle for ever.
  if (runningBatches < workers && queuedRows === 0) return 0
  const rowsAhead = queuedRows + (snapshot.arrivingRequests ?? 0)
  const batchesAhead = Math.floor(rowsAhead / maxBatchRows) + runningBatches
  return (batchesAhead / Math.max(1, workers) + 1) * fullBatchMs
}

function stateRefusal({ model, state, reason, backoffMs }: AdmissionSnapshot): ServingError {
  switch (state) {
    case 'new':
      return notServing(model, 'no_worker', 'it has no workers; scale it to at least 1', LOADING_RETRY_MS)
    case 'loading':
      return notServing(model, 'loading', 'its workers are still loading', LOADING_RETRY_MS)
    case 'failed':
      return notServing(
        model,
        'failed',
        reason ?? 'its workers failed',
        Math.max(backoffMs, LOADING_RETRY_MS),
      )
    case 'ready':
    case 'draining':
    case 'unloading':
    case 'unloaded':
      return notServing(model, 'draining', 'it is being unloaded', LOADING_RETRY_MS)
    default:
      return state satisfies never
  }
}
