import { ServingError } from '../../../worker/contract/errors.ts'
import type {
  BatchResponse,
  BatchTiming,
  Operation,
  RequestPayload,
  ResponsePiece,
} from '../../../worker/contract/messages.ts'
import type { ModelId } from '../../../worker/contract/model-id.ts'
import { dataBytes } from '../../../worker/contract/string-block.ts'
import type { Abortion, OnPiece, SequenceMark } from '../data-plane.ts'
import { pieceNotTaken } from '../errors.ts'
import type { BatchClosedBy } from './batch-closed-by.ts'
import { CollectedPieces } from './collected-pieces.ts'

/** How a request ended. */
export type Outcome =
  | {
      readonly ok: true
      readonly response: BatchResponse
      /** Pieces of the answer were given away before; the response holds the last one. */
      readonly streamed?: boolean
      readonly timing: BatchTiming
      readonly batchRequests: number
      readonly closedBy: BatchClosedBy
      /** Of the batch, before it ran; 0 while nothing was known. */
      readonly predictedMs: number
      readonly queueMs: number
      readonly workerMs: number
    }
  | { readonly ok: false; readonly error: ServingError; readonly queueMs: number }

export type PendingRequestInit = {
  readonly id: string
  readonly headers: Readonly<Record<string, string>>
  /** Absent means `predict`. */
  readonly operation?: Operation | undefined
  /** Of versions with priorities: 1 is the highest; 0 or absent is the version's default. */
  readonly priority?: number | undefined
  /** Of versions with a queue policy: how long it wants to wait at most. */
  readonly queueTimeoutMs?: number | undefined
  /** Of versions with sequence batching. */
  readonly sequence?: SequenceMark | undefined
  readonly payload: RequestPayload
  /** Rows along dimension 0; a request of raw parts counts as one until its handler has decoded it. */
  readonly rows: number
  /** Requests of different buckets never share an engine call. */
  readonly bucket: string
  readonly arrivedAtMs: number
  readonly deadlineMs: number
  readonly signal: Abortion
  /** Takes the pieces of a streamed answer; without it they are put together. */
  readonly onPiece?: OnPiece | undefined
}

/** Of the version whose answer is taken piece by piece. */
export type PieceRules = {
  readonly model: ModelId
  /** Absent: no limit of its own. */
  readonly limits: { readonly maxResponseBytes?: number | undefined }
}

/**
 * A request from its admission to its one outcome. The frontend keeps its payload until then, so that the death
 * of a worker process loses nothing.
 */
export class PendingRequest {
  readonly init: PendingRequestInit
  /** Size of its payload, which is kept until it is settled. */
  readonly bytes: number
  /** Settles exactly once, and never rejects. */
  readonly outcome: Promise<Outcome>
  /** Worker processes that ended while they ran this request. */
  deaths = 0
  /** When it joined the queue: its head came before its body. */
  queuedAtMs = 0
  /** When it was given to the worker that runs it; undefined while it waits. */
  dispatchedAtMs: number | undefined
  /** Pieces of its answer were given away: it cannot be tried again. */
  hasStreamed = false
  #collected: CollectedPieces | undefined
  #resolve: ((outcome: Outcome) => void) | undefined

  constructor(init: PendingRequestInit) {
    this.init = init
    this.bytes = payloadBytes(init.payload)
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  get isSettled(): boolean {
    return this.#resolve === undefined
  }

  /** Gives a piece of the answer away, or keeps it; one too many settles the request. */
  takePiece(piece: ResponsePiece, { model, limits }: PieceRules): void {
    if (this.isSettled) return
    const { onPiece } = this.init
    if (onPiece !== undefined) {
      this.hasStreamed = true
      this.#give(piece, onPiece)
      return
    }
    this.#collected ??= new CollectedPieces(model, limits.maxResponseBytes)
    const error = this.#collected.add(piece)
    if (error !== undefined) this.fail(error, this.init.arrivedAtMs)
  }

  /** A taker that throws wants no more; it must not break the channel that the piece came over. */
  #give(piece: ResponsePiece, onPiece: OnPiece): void {
    try {
      onPiece(piece)
    } catch (error) {
      const wanted = error instanceof ServingError ? error : pieceNotTaken(error)
      this.fail(wanted, this.init.arrivedAtMs)
    }
  }

  /** What was collected of a try that came to nothing. */
  forgetPieces(): void {
    this.#collected = undefined
  }

  /** Sets the outcome; the first one wins, later ones are ignored. */
  settle(outcome: Outcome): void {
    const resolve = this.#resolve
    this.#resolve = undefined
    resolve?.(this.#withPieces(outcome))
    this.#collected = undefined
  }

  #withPieces(outcome: Outcome): Outcome {
    if (!outcome.ok) return outcome
    if (this.hasStreamed) return { ...outcome, streamed: true }
    if (this.#collected === undefined) return outcome
    const { payload } = outcome.response
    const error = payload.kind === 'bytes' ? this.#collected.add({ bytes: payload.bytes }) : undefined
    if (error !== undefined) return { ok: false, error, queueMs: outcome.queueMs }
    return { ...outcome, response: this.#collected.joined() }
  }

  fail(error: ServingError, nowMs: number): void {
    this.settle({ ok: false, error, queueMs: (this.dispatchedAtMs ?? nowMs) - this.init.arrivedAtMs })
  }
}

export function payloadBytes(payload: RequestPayload): number {
  if (payload.kind === 'parts') return payload.parts.reduce((sum, part) => sum + part.bytes.byteLength, 0)
  return payload.tensors.reduce((sum, tensor) => sum + dataBytes(tensor), 0)
}
