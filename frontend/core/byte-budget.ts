import { refusal, type ServingError } from '../../worker/contract/errors.ts'

const RETRY_MS = 1000

/** Bytes of the requests that the server holds at a time, of all models: from their heads to their ends. */
export class ByteBudget {
  readonly #limitBytes: number
  #heldBytes = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /**
   * The taker gives them back exactly once. A request that comes alone may be larger than the limit: it would never
   * be served otherwise.
   *
   * @throws ServingError `unavailable`, reason `server_bytes`
   */
  take(bytes: number): void {
    if (this.#heldBytes > 0 && this.#heldBytes + bytes > this.#limitBytes) {
      throw overServerBytes(bytes, this.#heldBytes, this.#limitBytes)
    }
    this.#heldBytes += bytes
  }

  giveBack(bytes: number): void {
    this.#heldBytes -= bytes
  }
}

function overServerBytes(bytes: number, heldBytes: number, limitBytes: number): ServingError {
  return refusal(
    'unavailable',
    `this request has ${bytes} bytes, the server holds ${heldBytes} of requests that are being answered, and together they may be ${limitBytes}; retry later, or raise max_in_flight_bytes`,
    { reason: 'server_bytes', retryAfterMs: RETRY_MS },
  )
}
