import type { ServerResponse } from 'node:http'
import type { ServingError } from '../../worker/contract/errors.ts'
import { requestIdFrom } from './request-id.ts'

/** What is known of a request besides its bytes; `ctx.state` of every request. */
export class RequestState {
  /** The caller's `x-request-id` if it is a sane one, else made here; every response carries it. */
  readonly requestId: string
  readonly startedMs = performance.now()
  /** For the access log: which model the request meant, set by its dialect. */
  model: string | undefined
  requestBytes = 0
  responseBytes = 0
  /** Set for a caller who may use certain models only: throws for the others. */
  checkModel: ((model: string) => void) | undefined = undefined
  /** Why the response ended before it was whole, if it was this server that ended it. */
  cut: ServingError | undefined = undefined

  /** Whom a request came from that another process of this server has passed on. */
  remoteAddress: string | undefined = undefined

  /** Smaller answers are not packed; absent: none is. */
  readonly compressMinBytes: number | undefined

  readonly #response: ServerResponse
  #abort: AbortController | undefined
  #isGone = false

  constructor(
    callersId: string | string[] | undefined,
    response: ServerResponse,
    compressMinBytes: number | undefined = undefined,
  ) {
    this.requestId = requestIdFrom(callersId)
    this.#response = response
    this.compressMinBytes = compressMinBytes
  }

  /** Whether the caller went away before its answer was written. */
  get aborted(): boolean {
    return this.#isGone || (this.#response.destroyed && !this.#response.writableFinished)
  }

  /** Aborts then. Made on first use: most requests need none, and it costs as much as a route. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    if (this.aborted) this.#abort.abort()
    return this.#abort.signal
  }

  /** The connection ended before the answer was written. */
  clientGone(): void {
    this.#isGone = true
    this.#abort?.abort()
  }
}
