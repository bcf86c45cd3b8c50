import { Metadata, type ServerUnaryCall } from '@grpc/grpc-js'
import type { EventEmitter } from 'node:events'
import type { GrpcCall } from './service.ts'
import type { StatusName } from './status.ts'

/** What is known of a call when it has ended. */
export type CallRecord = {
  /** `/package.Service/Method` */
  readonly path: string
  readonly status: StatusName
  readonly durationMs: number
  readonly requestId: string
  readonly model?: string
  readonly requestBytes: number
  readonly responseBytes: number
}

/** What all kinds of calls have in common. */
export type SurfaceCall = Pick<
  ServerUnaryCall<Received, Buffer>,
  'metadata' | 'getDeadline' | 'sendMetadata'
> &
  Pick<EventEmitter, 'on'>

/** A message as it arrived. */
export type Received = { readonly bytes: Buffer }

export type CallOptions = {
  readonly path: string
  readonly requestId: string
  readonly onEnd: (record: CallRecord) => void
  readonly statusMessage: (thrown: unknown) => object
}

const REQUEST_ID = 'x-request-id'

/** One call, from its metadata to its status. */
export class CallState implements GrpcCall {
  readonly requestId: string
  model: string | undefined
  requestBytes = 0
  responseBytes = 0

  readonly #call: SurfaceCall
  readonly #options: CallOptions
  readonly #startedMs = performance.now()
  readonly #abort = new AbortController()
  #areHeadersSent = false
  #hasEnded = false

  constructor(call: SurfaceCall, options: CallOptions) {
    this.requestId = options.requestId
    this.#call = call
    this.#options = options
    // Also emitted after the status has been sent; then it says nothing any more.
    call.on('cancelled', () => {
      this.abandon()
    })
  }

  get headers(): Readonly<Record<string, string>> {
    return headersOf(this.#call.metadata)
  }

  get timeoutMs(): number | undefined {
    const deadlineMs = Number(this.#call.getDeadline())
    return deadlineMs === Number.POSITIVE_INFINITY ? undefined : Math.max(1, deadlineMs - Date.now())
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** Whether its status has been sent, or nobody waits for one. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  sendHeaders(headers: Readonly<Record<string, string>> = {}): void {
    if (this.#areHeadersSent || this.#hasEnded) return
    this.#areHeadersSent = true
    const metadata = new Metadata()
    for (const [givenName, value] of Object.entries(headers)) {
      const name = givenName.toLowerCase()
      if (isSendable(name, value)) metadata.set(name, value)
    }
    metadata.set(REQUEST_ID, this.requestId)
    this.#call.sendMetadata(metadata)
  }

  statusMessage(thrown: unknown): object {
    return this.#options.statusMessage(thrown)
  }

  /** Metadata that ends a call whose headers were not sent: it carries what they would have. */
  trailers(): Metadata {
    const metadata = new Metadata()
    if (!this.#areHeadersSent) metadata.set(REQUEST_ID, this.requestId)
    return metadata
  }

  /** Called just before the status is sent. @returns false when the call has ended already */
  end(status: StatusName): boolean {
    if (this.#hasEnded) return false
    this.#hasEnded = true
    const { path, onEnd } = this.#options
    const { requestId, model, requestBytes, responseBytes } = this
    onEnd({
      path,
      status,
      durationMs: performance.now() - this.#startedMs,
      requestId,
      ...(model === undefined ? {} : { model }),
      requestBytes,
      responseBytes,
    })
    return true
  }

  /** What still works for it may stop. */
  stop(): void {
    this.#abort.abort()
  }

  /** Nobody waits for the answer any more. */
  abandon(): void {
    const isLate = Number(this.#call.getDeadline()) <= Date.now()
    if (this.end(isLate ? 'deadline_exceeded' : 'cancelled')) this.stop()
  }
}

/** Of repeated metadata the last value, as a browser would send it. */
function headersOf(metadata: Metadata): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(metadata.getMap())) {
    headers[name] = typeof value === 'string' ? value : value.toString('base64')
  }
  return headers
}

/** The names of HTTP/2 and gRPC themselves are not a handler's to set. */
const RESERVED = /^(grpc-|:|content-|te$|connection$|host$|trailer|transfer-encoding$|x-request-id$)/

function isSendable(name: string, value: string): boolean {
  return (
    /^[0-9a-z_.-]+$/.test(name) && !RESERVED.test(name) && !name.endsWith('-bin') && /^[ -~]*$/.test(value)
  )
}
