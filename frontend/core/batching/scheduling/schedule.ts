import type { ServingError } from '../../../../worker/contract/errors.ts'
import type { BatchCandidate } from '../request-queue.ts'
import type { PendingRequest } from '../pending-request.ts'

/** The waiting requests of a batcher, in the order in which they are served. */
export interface BatchQueue {
  readonly size: number
  readonly rows: number
  /** What its requests' payloads take in memory. */
  readonly bytes: number
  readonly hasSuspect: boolean
  push(request: PendingRequest): void
  /** Takes one back that survived the death of a worker process: it runs alone, before all others. */
  pushSuspect(request: PendingRequest): void
  takeSuspect(): PendingRequest | undefined
  /** The next batch without taking it. */
  peek(maxRows: number): BatchCandidate | undefined
  take(maxRows: number): PendingRequest[]
  /** Takes back what was taken and is not run yet, before others of its bucket. */
  putFirst(requests: readonly PendingRequest[]): void
  /** Whether a request of the bucket waits. */
  hasBucket(bucket: string): boolean
  /** Takes every request for which the test holds, in any order. */
  remove(test: (request: PendingRequest) => boolean): PendingRequest[]
}

/** What the next batch is to be. */
export type BatchPlan = {
  /** How long it waits for more requests; 0: it runs now. */
  readonly waitMs: number
  /** The most rows that it takes. */
  readonly maxRows: number
}

export type ScheduleLimits = { readonly maxBatchRows: number; readonly maxBatchDelayMs: number }

/** Another order than first come, first served, for a batcher. */
export interface Schedule {
  readonly queue: BatchQueue
  /** Why a request cannot wait here. */
  refusalOf(request: PendingRequest): ServingError | undefined
  /** Ends or puts back requests that have waited too long. */
  endOverdue(): void
  useLimits(limits: ScheduleLimits): void
  /** Undefined: as usual. */
  plan(): BatchPlan | undefined
}
