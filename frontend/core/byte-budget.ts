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
    this.grow(0, bytes)
  }

  /**
   * For a request that has turned out larger: its body was packed, or its length not announced.
   *
   * @param takenBytes what it has taken; still so when this throws
   * @throws ServingError `unavailable`, reason `server_bytes`
   */
  grow(takenBytes: number, bytes: number): void {
    const ofOthers = this.#heldBytes - takenBytes
    if (ofOthers > 0 && ofOthers + bytes > this.#limitBytes) {
      throw overServerBytes(bytes, ofOthers, this.#limitBytes)
    }
    this.#heldBytes = ofOthers + bytes
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
