import type { ServingError } from '../../../worker/contract/errors.ts'
import type { BatchResponse } from '../../../worker/contract/messages.ts'
import type { Batcher } from './batcher.ts'
import { PendingRequest } from './pending-request.ts'
import type { WorkerLane } from './runners.ts'
import type { SequenceEnding } from './sequence-errors.ts'

/* The headers that carry a sequence, TorchServe's: a handler reads the first three, and may answer the last. */
export const SEQUENCE_ID = 'ts_request_sequence_id'
const SEQUENCE_START = 'ts_request_sequence_start'
const SEQUENCE_END = 'ts_request_sequence_end'

/** A worker process with the batcher that feeds it, and how often it had lost its memory when last looked at. */
export type Lane = {
  readonly runners: WorkerLane
  readonly batcher: Batcher
  losses: number
  /** Sequences that it holds. */
  sequences: number
}

/** Requests that follow one another on one worker, because their handler remembers the earlier ones. */
export class Sequence {
  readonly id: string
  readonly lane: Lane
  openedAtMs: number
  /** Requests that wait for the one that runs. */
  readonly waiting: PendingRequest[] = []
  lastActiveMs: number
  /** Why it is over; undefined while it is not. */
  ending: SequenceEnding | undefined
  /** The request that its worker has, or that waits for the worker. */
  #member: PendingRequest | undefined
  /** Of the first piece of the running request's answer. */
  #pieceHeaders: BatchResponse['headers']
  #hasBegun = false

  constructor(id: string, lane: Lane, nowMs: number) {
    this.id = id
    this.lane = lane
    this.openedAtMs = nowMs
    this.lastActiveMs = nowMs
  }

  add(request: PendingRequest, nowMs: number): void {
    this.waiting.push(request)
    this.lastActiveMs = nowMs
    if (request.init.sequence?.start === true) this.openedAtMs = nowMs
  }

  get isRunning(): boolean {
    return this.#member !== undefined
  }

  /** Whether a worker has seen a request of it, and may remember it. */
  get hasBegun(): boolean {
    return this.#hasBegun || this.#member?.dispatchedAtMs !== undefined
  }

  /** @returns the request as its worker gets it: with what it is of the sequence in its headers */
  begin({ init }: PendingRequest): PendingRequest {
    const { onPiece, sequence } = init
    const isStart = !this.hasBegun || sequence?.start === true
    let isFirst = true
    this.#pieceHeaders = undefined
    this.#member = new PendingRequest({
      ...init,
      headers: {
        ...init.headers,
        [SEQUENCE_ID]: this.id,
        [SEQUENCE_START]: String(isStart),
        [SEQUENCE_END]: String(sequence?.end === true),
      },
      ...(onPiece === undefined
        ? {}
        : {
            onPiece: (piece) => {
              if (isFirst) this.#pieceHeaders = piece.headers
              onPiece(isFirst ? this.marked(piece) : piece)
              isFirst = false
            },
          }),
    })
    return this.#member
  }

  /** The running request is answered. */
  finish(): void {
    this.#hasBegun = this.hasBegun
    this.#member = undefined
  }

  /** Fails the request that waits for the worker; one that a worker has ends by itself. */
  failWaitingMember(error: ServingError, nowMs: number): void {
    if (this.#member?.dispatchedAtMs === undefined) this.#member?.fail(error, nowMs)
  }

  /** An answer, or the first piece of one, that tells the client the id. */
  marked<T extends Pick<BatchResponse, 'headers'>>(answer: T): T {
    return { ...answer, headers: { ...answer.headers, [SEQUENCE_ID]: this.id } }
  }

  /** The sequences that the handler ends with this answer: their ids, or `true` for this one. */
  endedBy(answer: BatchResponse): readonly string[] {
    const headers = { ...this.#pieceHeaders, ...answer.headers }
    const name = Object.keys(headers).find((each) => each.toLowerCase() === SEQUENCE_END)
    if (name === undefined) return []
    const ids = (headers[name] ?? '').split(/[,;]/).map((id) => id.trim())
    return ids.map((id) => (id.toLowerCase() === 'true' ? this.id : id))
  }
}
