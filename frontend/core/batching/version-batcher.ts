import type { ServingError } from '../../../worker/contract/errors.ts'
import type { RequestHead } from '../data-plane.ts'
import type { ServiceTime } from '../service-time.ts'
import type { VersionSettings } from '../settings.ts'
import type { BatcherOptions } from './batcher.ts'
import type { PendingRequest } from './pending-request.ts'
import type { VersionRunners } from './runners.ts'

/** The way in which a version's requests become batches; chosen once, so that the usual way pays for no other. */
export interface VersionBatcher {
  readonly queuedRequests: number
  readonly queuedBytes: number
  readonly queuedRows: number
  readonly runningBatches: number
  readonly serviceTime: ServiceTime
  /** Rows that a batch has at most now. */
  readonly maxRows: number
  /** Why a request with this head cannot be taken, beyond what holds for every version. */
  refusalOf?(head: RequestHead): ServingError | undefined
  /** Every request pushed settles exactly once. */
  push(request: PendingRequest): void
  /**
   * Sends later batches elsewhere; those running stay where they are.
   *
   * @returns when the earlier runners may be stopped; without it, as soon as what they run has ended
   */
  useRunners(runners: VersionRunners): Promise<void> | void
  /** Forms later batches by other limits. */
  useLimits(limits: VersionSettings): void
  /** Looks again for workers that are free. */
  dispatch(): void
  /** Ends everything at once, for good. */
  close(error: ServingError): void
}

export type VersionBatcherOptions = Omit<BatcherOptions, 'runners' | 'limits'> & {
  readonly limits: VersionSettings
}
