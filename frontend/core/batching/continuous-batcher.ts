import type { ServingError } from '../../../worker/contract/errors.ts'
import { ServiceTime } from '../service-time.ts'
import type { VersionSettings } from '../settings.ts'
import { Batcher } from './batcher.ts'
import { ContinuousLane, type LaneOptions } from './continuous-lane.ts'
import { endIfOver } from './end-if-over.ts'
import type { PendingRequest } from './pending-request.ts'
import { RequestQueue } from './request-queue.ts'
import { NO_RUNNERS, type VersionRunners } from './runners.ts'
import type { VersionBatcher, VersionBatcherOptions } from './version-batcher.ts'

/** How often deadlines and departed clients are looked for: no request owns a timer. */
const SWEEP_INTERVAL_MS = 20

/**
 * Runs turns of requests that go on: on each worker process, the next batch is those that have not ended and as many
 * new ones as fit. A request joins between two turns of others, and leaves with its last piece.
 *
 * What only predictions do goes its own way: other operations are batched as usual, between turns.
 */
export class ContinuousBatcher implements VersionBatcher {
  readonly #options: VersionBatcherOptions
  readonly serviceTime = new ServiceTime()
  readonly #queue = new RequestQueue()
  readonly #others: Batcher
  #limits: VersionSettings
  #lanes: readonly ContinuousLane[] = []
  /** Of earlier scalings, until their requests have ended. */
  #retired: readonly ContinuousLane[] = []
  #nextKey = 1
  #cancelSweep: (() => void) | undefined
  #closedBy: ServingError | undefined

  constructor(options: VersionBatcherOptions) {
    this.#options = options
    this.#limits = options.limits
    this.#others = new Batcher({
      ...options,
      runners: NO_RUNNERS,
      serviceTime: new ServiceTime(),
      onBatch: (batch) => {
        options.onBatch(batch)
        this.dispatch()
      },
    })
  }

  get queuedRequests(): number {
    return this.#queue.size + this.#others.queuedRequests
  }

  get queuedBytes(): number {
    return this.#queue.bytes + this.#others.queuedBytes
  }

  get queuedRows(): number {
    return this.#queue.rows + this.#others.queuedRows
  }

  get runningBatches(): number {
    const busy = [...this.#lanes, ...this.#retired].filter(({ isBusy }) => isBusy)
    return busy.length + this.#others.runningBatches
  }

  get maxRows(): number {
    return this.#limits.maxBatchRows
  }

  useLimits(limits: VersionSettings): void {
    this.#limits = limits
    for (const lane of this.#lanes) lane.useLimits(limits)
    this.#others.useLimits(limits)
    this.dispatch()
  }

  push(request: PendingRequest): void {
    const { operation } = request.init
    if (this.#closedBy !== undefined) request.fail(this.#closedBy, this.#nowMs())
    else if (operation !== undefined && operation !== 'predict') this.#others.push(request)
    else {
      this.#queue.push(request)
      this.#startSweeping()
      this.dispatch()
    }
  }

  /** Requests that have begun stay with their workers. @returns when the last of them has ended */
  useRunners(runners: VersionRunners): Promise<void> {
    const old = this.#lanes
    for (const lane of old) lane.retire()
    this.#retired = [...this.#retired, ...old].filter(({ isBusy }) => isBusy)
    this.#lanes = runners.lanes.map((lane) => new ContinuousLane(this.#laneOptions(), lane))
    this.#others.useRunners(runners)
    this.dispatch()
    return Promise.all(old.map(({ idle }) => idle)).then(() => undefined)
  }

  dispatch(): void {
    this.#others.dispatch()
    // The emptiest takes the next request.
    const lanes = [...this.#retired, ...this.#lanes].sort((a, b) => a.size - b.size)
    for (const lane of lanes) lane.step()
  }

  close(error: ServingError): void {
    this.#closedBy = error
    for (const request of this.#queue.remove(() => true)) request.fail(error, this.#nowMs())
    for (const lane of [...this.#lanes, ...this.#retired]) lane.close(error)
    this.#others.close(error)
  }

  #laneOptions(): LaneOptions {
    const { model, clock, onBatch } = this.#options
    return {
      model,
      clock,
      limits: this.#limits,
      queue: this.#queue,
      nextKey: () => this.#nextKey++,
      onFree: () => {
        this.dispatch()
      },
      onTurn: (turn) => {
        this.serviceTime.observe(turn.requests, turn.workerMs)
        onBatch(turn)
      },
    }
  }

  #startSweeping(): void {
    this.#cancelSweep ??= this.#options.clock.after(SWEEP_INTERVAL_MS, () => {
      this.#cancelSweep = undefined
      const { model } = this.#options
      this.#queue.remove((request) => endIfOver(request, model, this.#nowMs()))
      for (const lane of [...this.#lanes, ...this.#retired]) lane.sweep()
      this.#retired = this.#retired.filter(({ isBusy }) => isBusy)
      if (this.#queue.size > 0 || this.runningBatches > 0) this.#startSweeping()
    })
  }

  #nowMs(): number {
    return this.#options.clock.nowMs()
  }
}
