import type { BatchResponse } from '../../../worker/contract/messages.ts'
import type { Batcher } from './batcher.ts'
import { PendingRequest } from './pending-request.ts'
import type { WorkerLane } from './runners.ts'

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
  readonly openedAtMs: number
  /** Requests that wait for the one that runs. */
  readonly waiting: PendingRequest[] = []
  lastActiveMs: number
  isRunning = false
  /** No request of it has been given to the worker. */
  isFresh = true
  isOver = false

  constructor(id: string, lane: Lane, nowMs: number) {
    this.id = id
    this.lane = lane
    this.openedAtMs = nowMs
    this.lastActiveMs = nowMs
  }

  /** The request as its worker gets it: with what it is of the sequence in its headers. */
  memberFrom({ init }: PendingRequest): PendingRequest {
    const { onPiece, sequence } = init
    const isStart = this.isFresh || sequence?.start === true
    this.isFresh = false
    let isFirst = true
    return new PendingRequest({
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
              onPiece(isFirst ? this.marked(piece) : piece)
              isFirst = false
            },
          }),
    })
  }

  /** An answer, or the first piece of one, that tells the client the id. */
  marked<T extends Pick<BatchResponse, 'headers'>>(answer: T): T {
    return { ...answer, headers: { ...answer.headers, [SEQUENCE_ID]: this.id } }
  }
}

/** The sequences that a handler ends with this answer: their ids, or `true` for that of the request. */
export function endedBy({ headers = {} }: BatchResponse, ownId: string): readonly string[] {
  const name = Object.keys(headers).find((each) => each.toLowerCase() === SEQUENCE_END)
  if (name === undefined) return []
  const ids = (headers[name] ?? '').split(/[,;]/).map((id) => id.trim())
  return ids.map((id) => (id.toLowerCase() === 'true' ? ownId : id))
}
