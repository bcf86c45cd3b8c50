import type { ServingError } from '../../worker/contract/errors.ts'
import type { ModelId } from '../../worker/contract/model-id.ts'
import { refusalOf } from './admission.ts'
import type { VersionBatcher } from './batching/version-batcher.ts'
import type { RequestHead } from './data-plane.ts'
import { requestTimeoutMs, type VersionSettings } from './settings.ts'
import type { VersionState } from './version-state.ts'
import type { WorkerSet } from './workers/worker-set.ts'

/** What admission looks at of a version. */
export type AdmittingVersion = {
  readonly model: ModelId
  readonly state: VersionState
  readonly reason: string | undefined
  readonly settings: VersionSettings
  readonly workers: WorkerSet | undefined
  readonly batcher: VersionBatcher
  /** Admitted requests whose body is still being read. */
  readonly arriving: number
}

export type AdmissionOptions = {
  /** Spreads the retries of refused clients; absent: they are not spread. */
  readonly random?: (() => number) | undefined
  /** Processes that serve the version, with a queue each; absent: this one only. */
  readonly frontends?: number | undefined
}

/** Why a version refuses a request, by its head; undefined to admit it. */
export function refusalBy(
  version: AdmittingVersion,
  head: RequestHead,
  { random, frontends }: AdmissionOptions,
): ServingError | undefined {
  const { batcher, settings, workers, arriving } = version
  const inFlight = workers?.batchesInFlight ?? 1
  const refusal = refusalOf({
    model: version.model,
    state: version.state,
    reason: version.reason,
    workers: (workers?.expectedWorkers ?? 0) * inFlight,
    backoffMs: workers?.backoffMs ?? 0,
    tickets: settings.useJobTicket ? (workers?.readyWorkers ?? 0) * inFlight : undefined,
    queuedRequests: batcher.queuedRequests + arriving,
    queuedRows: batcher.queuedRows,
    arrivingRequests: arriving,
    queuedBytes: batcher.queuedBytes,
    runningBatches: batcher.runningBatches,
    maxQueuedRequests: settings.maxQueuedRequests,
    maxBatchRows: batcher.maxRows,
    fullBatchMs: batcher.serviceTime.predictMs(batcher.maxRows),
    timeoutMs: requestTimeoutMs(settings, head.timeoutMs),
    targetWaitMs: settings.targetWaitMs,
    isBackground: head.isBackground === true,
    random,
    frontends,
    announcedBytes: head.announcedBytes,
    maxRequestBytes: settings.maxRequestBytes,
  })
  return refusal ?? batcher.refusalOf?.(head)
}
