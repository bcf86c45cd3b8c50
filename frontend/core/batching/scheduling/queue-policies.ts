import type { QueuePolicy, Scheduling } from '../../../../archiver-cli/format/scheduling.ts'
import type { PendingRequestInit } from '../pending-request.ts'

/** The priorities of a version, and how requests of each may wait. */
export class QueuePolicies {
  readonly levels: number
  readonly #defaultLevel: number
  readonly #policies: readonly QueuePolicy[]

  constructor({
    priorityLevels = 1,
    defaultPriorityLevel,
    queuePolicy = {},
    priorityPolicies = {},
  }: Scheduling) {
    this.levels = priorityLevels
    this.#defaultLevel = defaultPriorityLevel ?? priorityLevels
    this.#policies = Array.from({ length: priorityLevels }, (_, i) => priorityPolicies[i + 1] ?? queuePolicy)
  }

  /** 1 is the highest. A priority that does not exist is the default one, as in Triton. */
  levelOf({ priority = 0 }: PendingRequestInit): number {
    return Number.isInteger(priority) && priority >= 1 && priority <= this.levels
      ? priority
      : this.#defaultLevel
  }

  of(level: number): QueuePolicy {
    return this.#policies[level - 1] ?? {}
  }

  /** How long a request may wait: what its level says, or the shorter time that it asks for, if it may. */
  timeoutMsOf(init: PendingRequestInit): number {
    const { timeoutMs = Number.POSITIVE_INFINITY, allowTimeoutOverride = false } = this.of(this.levelOf(init))
    return allowTimeoutOverride ? Math.min(timeoutMs, init.queueTimeoutMs ?? timeoutMs) : timeoutMs
  }
}
