import { errorFromData, type ServingError } from '../../../worker/contract/errors.ts'
import type { BatchRequest, BatchResult, ResponsePiece } from '../../../worker/contract/messages.ts'
import { LiveList } from '../../../worker/contract/live-list.ts'
import type { ModelId } from '../../../worker/contract/model-id.ts'
import type { Clock } from '../clock.ts'
import { streamBroken, workerCrashed } from '../errors.ts'
import { ServiceTime } from '../service-time.ts'
import type { BatchClosedBy } from './batch-closed-by.ts'
import { BatchFormer, type FormedBatch, type FormerLimits, type Hold } from './batch-former.ts'
import { endIfOver } from './end-if-over.ts'
import type { FinishedBatch } from './finished-batch.ts'
import type { PendingRequest } from './pending-request.ts'
import { RequestQueue } from './request-queue.ts'
import type { BatchQueue, Schedule } from './scheduling/schedule.ts'
import { RunAhead } from './run-ahead.ts'
import { wireRequests } from './wire-requests.ts'
import type { BatchRunner, BatchRunners, OnMemberPiece } from './runners.ts'
import { turnsUntilAnswer, WorkerDied } from './runners.ts'

export type BatcherLimits = FormerLimits & {
  readonly inferenceTimeoutMs: number
  /** Of an answer whose pieces are put together; absent: a bound for all versions. */
  readonly maxResponseBytes?: number | undefined
}

export type BatcherOptions = {
  readonly model: ModelId
  readonly clock: Clock
  readonly limits: BatcherLimits
  readonly runners: BatchRunners
  readonly onBatch: (batch: FinishedBatch) => void
  /** Processes that send batches to the same workers; absent: this one only. */
  readonly frontends?: number | undefined
  /** Shared by batchers that serve one version; absent: its own. */
  readonly serviceTime?: ServiceTime
  /** What a request ends with whose worker died; without an error, it is tried again. */
  readonly errorOfDeath?: (request: PendingRequest, detail: string) => ServingError | undefined
  /** Absent: first come, first served. */
  readonly schedule?: Schedule
}

/** A batch in a worker. */
type RunningBatch = {
  readonly members: readonly PendingRequest[]
  /** The members as they were sent. */
  readonly requests: readonly BatchRequest[]
  readonly runner: BatchRunner
  /** Batches that its worker may end one after the other until it has ended this one. */
  readonly turns: number
  readonly startedAtMs: number
  readonly closedBy: BatchClosedBy
  readonly predictedMs: number
}

/** How often deadlines and departed clients are looked for: no request owns a timer. */
const SWEEP_INTERVAL_MS = 20
/** A worker that answers this late is left alone: replacing it costs more. */
export const KILL_GRACE_MS = 250

/**
 * Forms batches of one version's requests and runs them.
 *
 * A batch closes when a worker is free (never while one idles, unless waiting is predicted to pay), so a busy
 * server batches by itself and an idle one adds nothing. Every request pushed settles exactly once.
 */
export class Batcher {
  readonly #options: BatcherOptions
  readonly #queue: BatchQueue
  #limits: BatcherLimits
  readonly #running = new LiveList<RunningBatch>()
  readonly #former: BatchFormer
  readonly #ahead: RunAhead
  readonly serviceTime: ServiceTime
  #runners: BatchRunners
  #cancelHold: (() => void) | undefined
  #cancelSweep: (() => void) | undefined
  #isDispatchDue = false
  readonly #dispatchDue = () => {
    this.#isDispatchDue = false
    this.dispatch()
  }
  #closedBy: ServingError | undefined

  constructor(options: BatcherOptions) {
    this.#options = options
    this.#runners = options.runners
    const { schedule } = options
    this.#limits = options.limits
    this.#queue = schedule?.queue ?? new RequestQueue()
    this.serviceTime = options.serviceTime ?? new ServiceTime()
    this.#former = new BatchFormer({
      ...options,
      queue: this.#queue,
      serviceTime: this.serviceTime,
      schedule,
    })
    this.#ahead = new RunAhead({ clock: options.clock, queue: this.#queue, former: this.#former })
  }

  get queuedRequests(): number {
    return this.#queue.size
  }

  get queuedBytes(): number {
    return this.#queue.bytes
  }

  get queuedRows(): number {
    return this.#queue.rows
  }

  get runningBatches(): number {
    return this.#running.size
  }

  push(request: PendingRequest): void {
    const refusal = this.#closedBy ?? this.#options.schedule?.refusalOf(request)
    if (refusal !== undefined) {
      request.fail(refusal, this.#nowMs())
      return
    }
    this.#former.noteArrival(request)
    this.#queue.push(request)
    this.#startSweeping()
    this.#dispatchAtTurnEnd()
  }

  /** Requests that arrive together share a batch: else the first went alone, and the others waited for it. */
  #dispatchAtTurnEnd(): void {
    const { clock } = this.#options
    if (clock.atTurnEnd === undefined) this.dispatch()
    else if (!this.#isDispatchDue) clock.atTurnEnd(this.#dispatchDue)
    this.#isDispatchDue = clock.atTurnEnd !== undefined
  }

  get maxRows(): number {
    return this.#former.maxRows
  }

  useLimits(limits: BatcherLimits): void {
    this.#limits = limits
    this.#former.useLimits(limits)
    this.#options.schedule?.useLimits(limits)
    this.dispatch()
  }

  /** Sends later batches elsewhere; those running stay where they are. */
  useRunners(runners: BatchRunners): void {
    this.#runners = runners
    this.dispatch()
  }

  /** Gives waiting requests to free workers. Called after every arrival, answer, and newly ready worker. */
  dispatch(): void {
    while (this.#queue.size > 0) {
      const isAlone = this.#queue.hasSuspect
      const runner = this.#runners.pick(isAlone)
      if (runner === undefined) return
      this.#cancelHold?.()
      const next = isAlone
        ? this.#former.formSuspect()
        : (this.#ahead.holdOf(runner, this.#runners) ?? this.#former.form())
      if ('waitMs' in next) {
        this.#hold(next)
        return
      }
      if (next.members.length > 0) void this.#run(runner, next, isAlone)
    }
  }

  /**
   * Ends everything at once, for good: what waits, what runs, and whatever comes later fails with the error. A
   * worker process that is still busy is killed.
   */
  close(error: ServingError): void {
    this.#closedBy = error
    this.failQueued(error)
    for (const { members, runner } of this.#running) {
      for (const member of members) member.fail(error, this.#nowMs())
      runner.kill('timeout', error.message)
    }
  }

  /** Fails what waits; what runs goes on. */
  failQueued(error: ServingError): void {
    for (const request of this.#queue.remove(() => true)) request.fail(error, this.#nowMs())
  }

  #hold({ waitMs }: Hold): void {
    this.#cancelHold = this.#options.clock.after(waitMs, () => {
      this.dispatch()
    })
  }

  async #run(runner: BatchRunner, { members, rows, closedBy }: FormedBatch, isAlone: boolean): Promise<void> {
    const startedAtMs = this.#nowMs()
    const requests = wireRequests(members, { nowMs: startedAtMs, usesHeaders: this.#runners.usesHeaders })
    const predictedMs = this.serviceTime.predictMs(rows)
    // Of other frontend processes' batches in the worker, this one knows nothing.
    const isShared = (this.#options.frontends ?? 1) > 1
    const turns = isShared ? (this.#runners.batchesInFlight ?? 1) : turnsUntilAnswer(this.#runners, runner)
    const batch: RunningBatch = { members, requests, runner, turns, startedAtMs, closedBy, predictedMs }
    const place = this.#running.add(batch)
    this.#ahead.noteSent(runner, rows)
    for (const member of members) member.dispatchedAtMs = startedAtMs
    try {
      const takePiece: OnMemberPiece = (member, piece) => {
        this.#takePiece(batch, member, piece)
      }
      const result = await runner.run(requests, takePiece, isAlone)
      this.#running.remove(place)
      this.#settle(batch, result)
    } catch (error) {
      this.#running.remove(place)
      this.#ahead.noteLost(runner)
      const isInnocent = error instanceof WorkerDied && !error.hasStarted
      this.#retryAlone(members, error instanceof Error ? error.message : String(error), isInnocent ? 0 : 1)
    }
    this.dispatch()
  }

  #takePiece({ members, requests, runner }: RunningBatch, index: number, piece: ResponsePiece): void {
    const member = members[index]
    if (member === undefined || member.isSettled) return
    member.takePiece(piece, { model: this.#options.model, limits: this.#limits })
    if (member.isSettled) runner.cancel(requests, index)
  }

  #settle(batch: RunningBatch, { replies, timing }: BatchResult): void {
    const { closedBy, predictedMs } = batch
    const workerMs = this.#nowMs() - batch.startedAtMs
    const batchRequests = batch.members.length
    this.#ahead.noteAnswered(batch.runner, workerMs, timing)
    if (timing.rows > 0) this.#former.noteBatch(timing.rows, workerMs)
    for (const [index, member] of batch.members.entries()) {
      const queueMs = batch.startedAtMs - member.init.arrivedAtMs
      const reply = replies[index]
      if (reply?.ok === true) {
        const { value: response } = reply
        // No spread: V8 makes a hidden class for each object that adds to one (20.20), which then waits for a full collection.
        member.settle({ ok: true, response, queueMs, timing, batchRequests, closedBy, predictedMs, workerMs })
      } else if (reply === undefined || reply.error.reason === 'worker_died') {
        this.#retryAlone([member], reply?.error.message ?? 'the worker gave no answer')
      } else {
        member.settle({ ok: false, error: errorFromData(reply.error), queueMs })
      }
    }
    this.#options.onBatch({ requests: batchRequests, workerMs, timing, closedBy })
  }

  /** Requeues members of a batch whose worker died: once, each alone. A second death is the request's own doing. */
  #retryAlone(members: readonly PendingRequest[], detail: string, deaths = 1): void {
    const { errorOfDeath } = this.#options
    for (const member of members) {
      if (member.isSettled) continue
      const error = errorOfDeath?.(member, detail)
      if (error !== undefined) {
        member.fail(error, this.#nowMs())
        continue
      }
      member.deaths += deaths
      member.dispatchedAtMs = undefined
      member.forgetPieces()
      if (member.hasStreamed) member.fail(streamBroken(this.#options.model, detail), this.#nowMs())
      else if (member.deaths > 1) member.fail(workerCrashed(this.#options.model, detail), this.#nowMs())
      else this.#queue.pushSuspect(member)
    }
  }

  #startSweeping(): void {
    this.#cancelSweep ??= this.#options.clock.after(SWEEP_INTERVAL_MS, () => {
      this.#cancelSweep = undefined
      this.#sweep()
      if (this.#queue.size > 0 || this.#running.size > 0) this.#startSweeping()
    })
  }

  #sweep(): void {
    const nowMs = this.#nowMs()
    const { inferenceTimeoutMs } = this.#limits
    const { frontends = 1 } = this.#options
    this.#queue.remove((request) => endIfOver(request, this.#options.model, this.#nowMs()))
    this.#options.schedule?.endOverdue()
    for (const batch of this.#running) {
      for (const [index, member] of batch.members.entries()) {
        if (!member.isSettled && endIfOver(member, this.#options.model, nowMs))
          batch.runner.cancel(batch.requests, index)
      }
      // It may have waited in its worker for those before it, other frontend processes' among them.
      const allowedMs = inferenceTimeoutMs * batch.turns * frontends
      if (nowMs - batch.startedAtMs - allowedMs > KILL_GRACE_MS) {
        batch.runner.kill('timeout', `a batch took longer than ${allowedMs} ms`)
      }
    }
  }

  #nowMs(): number {
    return this.#options.clock.nowMs()
  }
}
