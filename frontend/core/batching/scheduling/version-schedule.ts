import type { Scheduling } from '../../../../archiver-cli/format/scheduling.ts'
import type { ServingError } from '../../../../worker/contract/errors.ts'
import type { ModelId } from '../../../../worker/contract/model-id.ts'
import type { Clock } from '../../clock.ts'
import { levelFull, queueTimeout } from '../../errors.ts'
import type { PendingRequest } from '../pending-request.ts'
import { planPreferred } from './preferred-rows.ts'
import { PriorityQueue } from './priority-queue.ts'
import { QueuePolicies } from './queue-policies.ts'
import type { BatchPlan, Schedule, ScheduleLimits } from './schedule.ts'

export type VersionScheduleOptions = {
  readonly model: ModelId
  readonly clock: Clock
  readonly limits: ScheduleLimits
  readonly scheduling: Scheduling
}

/** The order that a version's `scheduling` asks for. */
export class VersionSchedule implements Schedule {
  readonly queue: PriorityQueue
  readonly #options: VersionScheduleOptions
  readonly #policies: QueuePolicies
  #limits: ScheduleLimits

  constructor(options: VersionScheduleOptions) {
    this.#options = options
    this.#limits = options.limits
    this.#policies = new QueuePolicies(options.scheduling)
    this.queue = new PriorityQueue(this.#policies)
  }

  refusalOf({ init }: PendingRequest): ServingError | undefined {
    const level = this.#policies.levelOf(init)
    const { maxQueuedRequests = Number.POSITIVE_INFINITY } = this.#policies.of(level)
    if (this.queue.sizeOf(level) < maxQueuedRequests) return undefined
    return levelFull(this.#options.model, level, maxQueuedRequests)
  }

  useLimits(limits: ScheduleLimits): void {
    this.#limits = limits
  }

  endOverdue(): void {
    const { clock, model } = this.#options
    const nowMs = clock.nowMs()
    const isOverdue = ({ init }: PendingRequest) =>
      nowMs - init.arrivedAtMs >= this.#policies.timeoutMsOf(init)
    for (const request of this.queue.removeWaiting(isOverdue, true)) {
      const { init } = request
      const { timeoutAction = 'reject' } = this.#policies.of(this.#policies.levelOf(init))
      if (timeoutAction === 'delay') this.queue.putBack(request)
      else request.fail(queueTimeout(model, this.#policies.timeoutMsOf(init)), nowMs)
    }
  }

  plan(): BatchPlan | undefined {
    this.endOverdue()
    const { clock, scheduling } = this.#options
    const limits = this.#limits
    const { preferredBatchRows } = scheduling
    if (preferredBatchRows === undefined) return undefined
    const candidate = this.queue.peek(limits.maxBatchRows)
    if (candidate === undefined) return undefined
    return planPreferred(
      { nowMs: clock.nowMs(), ...candidate },
      { preferredBatchRows, maxBatchRows: limits.maxBatchRows, maxBatchDelayMs: limits.maxBatchDelayMs },
    )
  }
}
