import { errorFromData, type ServingError } from '../../../worker/contract/errors.ts'
import type {
  BatchRequest,
  BatchResponse,
  BatchResult,
  BatchTiming,
  RequestPayload,
  ResponsePiece,
} from '../../../worker/contract/messages.ts'
import type { ModelId } from '../../../worker/contract/model-id.ts'
import type { Clock } from '../clock.ts'
import { deferred } from '../deferred.ts'
import { streamBroken, workerCrashed } from '../errors.ts'
import type { BatchClosedBy } from './batch-closed-by.ts'
import { KILL_GRACE_MS, type BatcherLimits } from './batcher.ts'
import type { FinishedBatch } from './finished-batch.ts'
import { endIfOver } from './end-if-over.ts'
import type { PendingRequest, PieceRules } from './pending-request.ts'
import type { RequestQueue } from './request-queue.ts'
import type { BatchRunner, WorkerLane } from './runners.ts'

export type LaneOptions = {
  readonly model: ModelId
  readonly clock: Clock
  readonly limits: Pick<BatcherLimits, 'maxBatchRows' | 'inferenceTimeoutMs' | 'maxResponseBytes'>
  /** Where new requests wait; shared by the lanes of a version. */
  readonly queue: RequestQueue
  readonly nextKey: () => number
  /** The worker has ended a turn and may take another, or something else. */
  readonly onFree: () => void
  readonly onTurn: (turn: FinishedBatch) => void
}

/** A request that has begun. */
type Member = {
  readonly key: number
  readonly request: PendingRequest
  /** The worker keeps it, payload and state, from its last turn. */
  isKept: boolean
}

type RunningTurn = {
  readonly members: readonly Member[]
  readonly requests: readonly BatchRequest[]
  readonly runner: BatchRunner
  readonly startedAtMs: number
}

const KEPT_PAYLOAD: RequestPayload = { kind: 'parts', parts: [] }

/** The turns of one worker process. */
export class ContinuousLane {
  readonly #options: LaneOptions
  readonly #runners: WorkerLane
  #limits: LaneOptions['limits']
  #members: Member[] = []
  #turn: RunningTurn | undefined
  /** The worker keeps a request that has left. */
  #isStale = false
  #isRetired = false
  readonly #idle = deferred<void>()
  #losses: number

  constructor(options: LaneOptions, runners: WorkerLane) {
    this.#options = options
    this.#limits = options.limits
    this.#runners = runners
    this.#losses = runners.losses
  }

  get size(): number {
    return this.#members.length
  }

  get isBusy(): boolean {
    return this.#members.length > 0
  }

  /** Resolves, once it is retired, when its last request has ended. */
  get idle(): Promise<void> {
    return this.#idle.promise
  }

  useLimits(limits: LaneOptions['limits']): void {
    this.#limits = limits
  }

  /** Takes no new requests from now on. */
  retire(): void {
    this.#isRetired = true
    this.#noteIdle()
  }

  /** Starts the next turn, if the worker is free and there is anything to do. */
  step(): void {
    if (this.#turn !== undefined) return
    this.#noticeLoss()
    this.#dropOver()
    const runner = this.#runners.pick(false)
    if (runner === undefined) return
    this.#fill()
    if (this.#members.length > 0 || this.#isStale) void this.#run(runner)
  }

  sweep(): void {
    const turn = this.#turn
    if (turn === undefined) {
      this.step()
      return
    }
    const { inferenceTimeoutMs } = this.#limits
    for (const [index, { request }] of turn.members.entries()) {
      if (!request.isSettled && this.#isOver(request)) turn.runner.cancel(turn.requests, index)
    }
    if (this.#nowMs() - turn.startedAtMs > inferenceTimeoutMs + KILL_GRACE_MS) {
      turn.runner.kill('timeout', `a turn took longer than ${inferenceTimeoutMs} ms`)
    }
  }

  close(error: ServingError): void {
    for (const { request } of this.#members) request.fail(error, this.#nowMs())
    this.#turn?.runner.kill('timeout', error.message)
    if (this.#turn === undefined) this.#members = []
    this.#noteIdle()
  }

  /** New requests beside those that go on; one that survived the death of a worker runs by itself. */
  #fill(): void {
    const { queue } = this.#options
    if (this.#isRetired || this.#members.some(({ request }) => request.deaths > 0)) return
    if (queue.hasSuspect) {
      const suspect = this.#members.length === 0 ? queue.takeSuspect() : undefined
      if (suspect !== undefined && !this.#isOver(suspect)) this.#admit([suspect])
      return
    }
    const rows = this.#members.reduce((sum, { request }) => sum + request.init.rows, 0)
    const room = this.#limits.maxBatchRows - rows
    const candidate = room > 0 ? queue.peek(room) : undefined
    if (candidate === undefined || (candidate.rows > room && this.#members.length > 0)) return
    this.#admit(queue.take(room).filter((request) => !this.#isOver(request)))
  }

  #admit(requests: readonly PendingRequest[]): void {
    const nowMs = this.#nowMs()
    for (const request of requests) {
      request.dispatchedAtMs = nowMs
      this.#members.push({ key: this.#options.nextKey(), request, isKept: false })
    }
  }

  async #run(runner: BatchRunner): Promise<void> {
    const members = [...this.#members]
    const requests = members.map((member) => this.#wireRequest(member))
    const turn: RunningTurn = { members, requests, runner, startedAtMs: this.#nowMs() }
    this.#turn = turn
    this.#isStale = false
    try {
      const result = await runner.run(requests, (index, piece) => {
        this.#takePiece(turn, index, piece)
      })
      this.#turn = undefined
      this.#takeResult(turn, result)
    } catch (error) {
      this.#turn = undefined
      this.#members = []
      for (const member of members)
        this.#retry(member, error instanceof Error ? error.message : String(error))
    }
    this.#noteIdle()
    this.#options.onFree()
  }

  #takePiece({ members, requests, runner }: RunningTurn, index: number, piece: ResponsePiece): void {
    const request = members[index]?.request
    if (request === undefined || request.isSettled) return
    request.takePiece(piece, this.#pieceRules())
    if (request.isSettled) runner.cancel(requests, index)
  }

  #wireRequest({ key, request: { init }, isKept }: Member): BatchRequest {
    return {
      id: init.id,
      headers: this.#runners.usesHeaders && !isKept ? init.headers : {},
      remainingMs: Math.max(0, init.deadlineMs - this.#nowMs()),
      turn: { key, continues: isKept },
      payload: isKept ? KEPT_PAYLOAD : init.payload,
    }
  }

  #takeResult(turn: RunningTurn, result: BatchResult): void {
    const workerMs = this.#nowMs() - turn.startedAtMs
    this.#members = []
    for (const [index, member] of turn.members.entries()) {
      const reply = result.replies[index]
      if (reply?.ok === true) this.#takeAnswer(member, reply.value, { turn, timing: result.timing, workerMs })
      else if (reply === undefined || reply.error.reason === 'worker_died') {
        this.#retry(member, reply?.error.message ?? 'the worker gave no answer')
      } else {
        member.request.settle({ ok: false, error: errorFromData(reply.error), queueMs: queueMsOf(member) })
      }
    }
    if (turn.members.length > 0) {
      const { timing } = result
      this.#options.onTurn({
        requests: turn.members.length,
        workerMs,
        timing,
        closedBy: this.#closedBy(turn),
      })
    }
  }

  #takeAnswer(
    member: Member,
    response: BatchResponse,
    { turn, timing, workerMs }: { turn: RunningTurn; timing: BatchTiming; workerMs: number },
  ): void {
    const { request } = member
    if (response.more !== true) {
      const batchRequests = turn.members.length
      const ofTurn = { timing, batchRequests, closedBy: this.#closedBy(turn), predictedMs: 0, workerMs }
      request.settle({ ok: true, response, queueMs: queueMsOf(member), ...ofTurn })
      return
    }
    member.isKept = true
    this.#givePiece(member, response)
    if (request.isSettled) this.#isStale = true
    else this.#members.push(member)
  }

  /** Between two turns a worker waits for nobody. */
  #closedBy({ members }: RunningTurn): BatchClosedBy {
    return members.length >= this.#limits.maxBatchRows ? 'full' : 'idle_worker'
  }

  #givePiece(member: Member, { payload, status, headers }: BatchResponse): void {
    if (payload.kind !== 'bytes' || (payload.bytes.byteLength === 0 && payload.contentType === undefined))
      return
    const { contentType, bytes } = payload
    member.request.takePiece(
      {
        ...(status === undefined ? {} : { status }),
        ...(headers === undefined ? {} : { headers }),
        ...(contentType === undefined ? {} : { contentType }),
        bytes,
      },
      this.#pieceRules(),
    )
  }

  /** A request of whose answer a part is out ends; another one is tried once more, by itself. */
  #retry({ request }: Member, detail: string): void {
    const { model, queue } = this.#options
    if (request.isSettled) return
    request.deaths += 1
    request.dispatchedAtMs = undefined
    request.forgetPieces()
    if (request.hasStreamed) request.fail(streamBroken(model, detail), this.#nowMs())
    else if (request.deaths > 1) request.fail(workerCrashed(model, detail), this.#nowMs())
    else queue.pushSuspect(request)
  }

  /** A thread that ended between two turns took what it kept with it. */
  #noticeLoss(): void {
    if (this.#losses === this.#runners.losses) return
    this.#losses = this.#runners.losses
    this.#isStale = false
    const lost = this.#members.filter(({ isKept }) => isKept)
    this.#members = this.#members.filter(({ isKept }) => !isKept)
    for (const member of lost) this.#retry(member, 'it ended between two turns')
  }

  #dropOver(): void {
    const over = this.#members.filter(({ request }) => this.#isOver(request))
    if (over.length === 0) return
    this.#members = this.#members.filter((member) => !over.includes(member))
    this.#isStale ||= over.some(({ isKept }) => isKept)
    this.#noteIdle()
  }

  #pieceRules(): PieceRules {
    return { model: this.#options.model, limits: this.#limits }
  }

  #isOver(request: PendingRequest): boolean {
    return endIfOver(request, this.#options.model, this.#nowMs())
  }

  #noteIdle(): void {
    if (this.#isRetired && !this.isBusy) this.#idle.resolve()
  }

  #nowMs(): number {
    return this.#options.clock.nowMs()
  }
}

function queueMsOf({ request }: Member): number {
  return (request.dispatchedAtMs ?? request.init.arrivedAtMs) - request.init.arrivedAtMs
}
