import type { ServingError } from '../../../../worker/contract/errors.ts'
import type { ModelId } from '../../../../worker/contract/model-id.ts'
import type { Clock } from '../../clock.ts'
import type { ServiceTime } from '../../service-time.ts'
import type { VersionSettings } from '../../settings.ts'
import { endIfOver } from '../end-if-over.ts'
import { PendingRequest, type Outcome } from '../pending-request.ts'
import type { VersionRunners } from '../runners.ts'
import type { VersionBatcher } from '../version-batcher.ts'

export type OrderedBatcherOptions = {
  readonly model: ModelId
  readonly clock: Clock
  readonly batcher: VersionBatcher
}

type Entry = {
  readonly request: PendingRequest
  readonly member: PendingRequest
  /** An answer that waits for those before it. */
  answer?: Outcome
}

/** How often it is looked for answers whose deadline passes while they wait for others. */
const SWEEP_INTERVAL_MS = 20

/**
 * Lets answers leave in the order in which their requests came, though workers finish in any.
 *
 * An error leaves at once, also that of an answer which has waited until its deadline for those before it. So do
 * the pieces of a streamed answer: only its end keeps the order.
 */
export class OrderedBatcher implements VersionBatcher {
  readonly #options: OrderedBatcherOptions
  readonly #line: Entry[] = []
  #cancelSweep: (() => void) | undefined

  constructor(options: OrderedBatcherOptions) {
    this.#options = options
  }

  get queuedRequests(): number {
    return this.#options.batcher.queuedRequests
  }

  get queuedBytes(): number {
    return this.#options.batcher.queuedBytes
  }

  get queuedRows(): number {
    return this.#options.batcher.queuedRows
  }

  get runningBatches(): number {
    return this.#options.batcher.runningBatches
  }

  get serviceTime(): ServiceTime {
    return this.#options.batcher.serviceTime
  }

  get maxRows(): number {
    return this.#options.batcher.maxRows
  }

  useLimits(limits: VersionSettings): void {
    this.#options.batcher.useLimits(limits)
  }

  push(request: PendingRequest): void {
    const entry: Entry = { request, member: new PendingRequest(request.init) }
    this.#line.push(entry)
    void entry.member.outcome.then((outcome) => {
      this.#take(entry, outcome)
    })
    this.#options.batcher.push(entry.member)
  }

  useRunners(runners: VersionRunners): Promise<void> | void {
    return this.#options.batcher.useRunners(runners)
  }

  dispatch(): void {
    this.#options.batcher.dispatch()
  }

  /** Answers that wait are answers all the same: those before them fail now, and let them go. */
  close(error: ServingError): void {
    this.#options.batcher.close(error)
  }

  #take(entry: Entry, outcome: Outcome): void {
    const { request, member } = entry
    request.dispatchedAtMs = member.dispatchedAtMs
    request.hasStreamed = member.hasStreamed
    if (outcome.ok) entry.answer = outcome
    else request.settle(outcome)
    this.#release()
  }

  #release(): void {
    let count = 0
    for (const { request, answer } of this.#line) {
      if (answer !== undefined) request.settle(answer)
      if (!request.isSettled) break
      count += 1
    }
    this.#line.splice(0, count)
    if (this.#line.some(({ answer }) => answer !== undefined)) this.#startSweeping()
  }

  #startSweeping(): void {
    const { clock, model } = this.#options
    this.#cancelSweep ??= clock.after(SWEEP_INTERVAL_MS, () => {
      this.#cancelSweep = undefined
      for (const { request, answer } of this.#line) {
        if (answer !== undefined && !request.isSettled) endIfOver(request, model, clock.nowMs())
      }
      this.#release()
    })
  }
}
