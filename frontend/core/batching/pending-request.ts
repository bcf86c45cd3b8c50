import type { ServingError } from '../../../worker/contract/errors.ts'
import type { BatchResponse, BatchTiming, RequestPayload } from '../../../worker/contract/messages.ts'

/** How a request ended. */
export type Outcome =
  | {
      readonly ok: true
      readonly response: BatchResponse
      readonly timing: BatchTiming
      readonly batchRequests: number
      readonly queueMs: number
      readonly workerMs: number
    }
  | { readonly ok: false; readonly error: ServingError; readonly queueMs: number }

export type PendingRequestInit = {
  readonly id: string
  readonly headers: Readonly<Record<string, string>>
  readonly payload: RequestPayload
  /** Rows along dimension 0; a request of raw parts counts as one until its handler has decoded it. */
  readonly rows: number
  /** Requests of different buckets never share an engine call. */
  readonly bucket: string
  readonly arrivedAtMs: number
  readonly deadlineMs: number
  readonly signal: AbortSignal
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
  /** When it was given to the worker that runs it; undefined while it waits. */
  dispatchedAtMs: number | undefined
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

  /** Sets the outcome; the first one wins, later ones are ignored. */
  settle(outcome: Outcome): void {
    const resolve = this.#resolve
    this.#resolve = undefined
    resolve?.(outcome)
  }

  fail(error: ServingError, nowMs: number): void {
    this.settle({ ok: false, error, queueMs: (this.dispatchedAtMs ?? nowMs) - this.init.arrivedAtMs })
  }
}

function payloadBytes(payload: RequestPayload): number {
  if (payload.kind === 'parts') return payload.parts.reduce((sum, part) => sum + part.bytes.byteLength, 0)
  return payload.tensors.reduce(
    (sum, { dtype, data }) => sum + (dtype === 'BYTES' ? textBytes(data) : data.byteLength),
    0,
  )
}

function textBytes(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + text.length, 0)
}
