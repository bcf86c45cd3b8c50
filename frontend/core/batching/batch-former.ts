import type { ModelId } from '../../../worker/contract/model-id.ts'
import type { Clock } from '../clock.ts'
import { queueOutgrown, wouldBeLate } from '../errors.ts'
import type { ServiceTime } from '../service-time.ts'
import type { BatchClosedBy } from './batch-closed-by.ts'
import { fitToDeadlines, PREDICTION_MARGIN } from './deadline-fit.ts'
import { endIfOver } from './end-if-over.ts'
import { ArrivalRate, holdMs, isHeldByDeadline } from './hold.ts'
import { OverloadGuard } from './overload-guard.ts'
import type { PendingRequest } from './pending-request.ts'
import { RowLimit } from './row-limit.ts'
import type { BatchQueue, Schedule } from './scheduling/schedule.ts'

export type FormerLimits = {
  readonly maxBatchRows: number
  readonly maxBatchDelayMs: number
  /** The wait that admission promises; absent: none. */
  readonly targetWaitMs?: number | undefined
}

export type BatchFormerOptions = {
  readonly model: ModelId
  readonly clock: Clock
  readonly limits: FormerLimits
  readonly queue: BatchQueue
  readonly serviceTime: ServiceTime
  readonly schedule: Schedule | undefined
}

/** Requests that run together, perhaps none: those that were next had ended already. */
export type FormedBatch = {
  readonly members: readonly PendingRequest[]
  readonly rows: number
  readonly closedBy: BatchClosedBy
}

/** Not now. */
export type Hold = { readonly waitMs: number }

type Plan = { readonly waitMs: number; readonly maxRows: number }

/** Decides which waiting requests a free worker runs next, and whether it waits for more of them first. */
export class BatchFormer {
  readonly #options: BatchFormerOptions
  readonly #arrivals = new ArrivalRate()
  readonly #guard = new OverloadGuard()
  readonly #rowLimit = new RowLimit()
  readonly #predictMs: (rows: number) => number
  #limits: FormerLimits
  /** Why the batch that is held runs when the hold ends; undefined while none is held. */
  #heldFor: 'delay' | 'deadline' | undefined

  constructor(options: BatchFormerOptions) {
    this.#options = options
    this.#limits = options.limits
    this.#predictMs = (rows) => options.serviceTime.predictMs(rows)
  }

  /** Rows that a batch has at most, as configured or as few as its time allows. */
  get maxRows(): number {
    return this.#rowLimit.rowsWithin(this.#limits.maxBatchRows)
  }

  useLimits(limits: FormerLimits): void {
    this.#limits = limits
    if (limits.targetWaitMs !== undefined) return
    // Nothing would be learned any more that takes back what a target has brought about.
    this.#guard.reset()
    this.#rowLimit.reset()
  }

  noteArrival(request: PendingRequest): void {
    // Not the time of the head: bodies of different size arrive in another order than their heads.
    request.queuedAtMs = this.#nowMs()
    if (this.#options.queue.size === 0) this.#heldFor = undefined
    this.#arrivals.observe(request.queuedAtMs)
  }

  noteBatch(rows: number, ms: number): void {
    const { serviceTime } = this.#options
    serviceTime.observe(rows, ms)
    const { targetWaitMs, maxBatchRows: maxRows } = this.#limits
    if (targetWaitMs === undefined) return
    this.#rowLimit.observe({ rows, ms, fixedMs: serviceTime.fixedMs }, { targetWaitMs, maxRows })
  }

  /** One that survived the death of a worker process: it runs alone. */
  formSuspect(): FormedBatch {
    const suspect = this.#options.queue.takeSuspect()
    const members = suspect === undefined || this.#isOver(suspect) ? [] : [suspect]
    return { members, rows: members[0]?.init.rows ?? 0, closedBy: 'idle_worker' }
  }

  /** The next batch for a worker that is free, or how long the worker waits for more. */
  form(): FormedBatch | Hold {
    if (this.#guard.isUp) this.#dropStale()
    const { waitMs, maxRows } = this.#plan()
    if (waitMs > 0) return { waitMs }
    const heldFor = this.#heldFor
    this.#heldFor = undefined
    return this.#take(maxRows, heldFor)
  }

  #plan(): Plan {
    const plan = this.#options.schedule?.plan()
    if (plan === undefined) return { waitMs: this.#holdMs(), maxRows: this.maxRows }
    if (plan.waitMs > 0) this.#heldFor = 'delay'
    return plan
  }

  #holdMs(): number {
    const { maxBatchDelayMs } = this.#limits
    if (maxBatchDelayMs === 0) return 0
    const candidate = this.#options.queue.peek(this.maxRows)
    if (candidate === undefined) return 0
    const { earliestDeadlineMs, rows } = candidate
    const hold = {
      ...candidate,
      nowMs: this.#nowMs(),
      maxBatchDelayMs,
      arrivalIntervalMs: this.#arrivals.intervalMs,
      fixedMs: this.#options.serviceTime.fixedMs,
      latestStartMs: earliestDeadlineMs - PREDICTION_MARGIN * this.#predictMs(rows + 1),
    }
    const waitMs = holdMs(hold)
    if (waitMs > 0) this.#heldFor = isHeldByDeadline(hold) ? 'deadline' : 'delay'
    return waitMs
  }

  #take(maxRows: number, heldFor: 'delay' | 'deadline' | undefined): FormedBatch {
    const { queue } = this.#options
    let members = this.#takeLive(maxRows)
    let isCut = false
    // Nearly always none is near its deadline, and nothing more is to be done.
    while (this.#isTight(members)) {
      const fit = this.#fit(members)
      if (fit.kind === 'all') break
      if (fit.kind === 'cut') {
        queue.putFirst(members.slice(fit.count))
        members = members.slice(0, fit.count)
        isCut = true
        break
      }
      queue.putFirst(this.#withoutLate(members, fit.late))
      members = this.#takeLive(maxRows)
    }
    const rows = rowsOf(members)
    const closedBy = isCut ? 'deadline' : this.#reason(members, rows, { maxRows, heldFor })
    this.#watch(members)
    return { members, rows, closedBy }
  }

  /** The next requests, without those whose client is gone or whose deadline has passed. */
  #takeLive(maxRows: number): PendingRequest[] {
    return this.#options.queue.take(maxRows).filter((request) => !this.#isOver(request))
  }

  #isTight(members: readonly PendingRequest[]): boolean {
    const endMs = this.#nowMs() + PREDICTION_MARGIN * this.#predictMs(rowsOf(members))
    return members.some(({ init }) => init.deadlineMs < endMs)
  }

  #fit(members: readonly PendingRequest[]) {
    return fitToDeadlines({
      nowMs: this.#nowMs(),
      members: members.map(({ init }) => init),
      predictMs: this.#predictMs,
      isBacklogged: this.#options.queue.size > 0,
    })
  }

  #withoutLate(members: readonly PendingRequest[], late: readonly number[]): PendingRequest[] {
    const nowMs = this.#nowMs()
    const batchMs = this.#predictMs(rowsOf(members))
    for (const index of late) {
      const request = members[index]
      request?.fail(wouldBeLate(this.#options.model, batchMs, request.init.deadlineMs - nowMs), nowMs)
    }
    return members.filter(({ isSettled }) => !isSettled)
  }

  #reason(
    members: readonly PendingRequest[],
    rows: number,
    { maxRows, heldFor }: { readonly maxRows: number; readonly heldFor: 'delay' | 'deadline' | undefined },
  ): BatchClosedBy {
    const { queue } = this.#options
    const isOthers = queue.size > 0
    if (rows >= maxRows || (isOthers && queue.hasBucket(members[0]?.init.bucket ?? ''))) return 'full'
    return heldFor ?? (isOthers ? 'shape' : 'idle_worker')
  }

  #watch(members: readonly PendingRequest[]): void {
    const { targetWaitMs } = this.#limits
    if (targetWaitMs === undefined) return
    const nowMs = this.#nowMs()
    const youngest = members.at(-1)
    if (youngest !== undefined) {
      this.#guard.observe({ nowMs, waitedMs: nowMs - youngest.queuedAtMs, targetWaitMs })
    }
    if (this.#options.queue.size === 0) this.#guard.reset()
  }

  /** Only while something fresh waits: a worker is not left idle for requests that are merely late. */
  #dropStale(): void {
    const nowMs = this.#nowMs()
    const freshMs = this.#guard.freshMs(this.#predictMs(1))
    if (this.#arrivals.lastMs === undefined || nowMs - this.#arrivals.lastMs > freshMs) return
    const { queue, model } = this.#options
    for (const request of queue.remove(
      ({ queuedAtMs, deaths }) => deaths === 0 && nowMs - queuedAtMs > freshMs,
    )) {
      request.fail(queueOutgrown(model, nowMs - request.queuedAtMs), nowMs)
    }
  }

  #isOver(request: PendingRequest): boolean {
    return endIfOver(request, this.#options.model, this.#nowMs())
  }

  #nowMs(): number {
    return this.#options.clock.nowMs()
  }
}

function rowsOf(members: readonly PendingRequest[]): number {
  let rows = 0
  for (const { init } of members) rows += init.rows
  return rows
}
