import { ServingError } from '../contract/errors.ts'
import { parseJson } from '../contract/json.ts'
import type { BatchRequest, Operation, Parameters, RequestPart, Turn } from '../contract/messages.ts'
import type { Tensor } from '../contract/tensor.ts'
import { textOf } from '../contract/text.ts'
import type { HandlerRequest, HandlerStream, ResponseControl } from '../handler.ts'
import { NO_LINK, type RequestLink } from './batch-link.ts'
import { RequestStream } from './request-stream.ts'

export type RequestSurroundings = {
  readonly link?: RequestLink
  readonly record?: { readonly value: unknown } | undefined
}

/** A member of a batch as its handler sees it. Its bytes are views of the batch's frame. */
export class BatchMemberRequest implements HandlerRequest {
  readonly response: ResponseControl = { headers: {} }
  state: unknown
  readonly tensors?: readonly Tensor[]
  readonly wantedOutputs?: readonly string[]
  readonly parts: readonly RequestPart[]
  /** What handlers of TorchServe's style get for it, if an envelope says so. */
  readonly record: RequestSurroundings['record']
  readonly #request: BatchRequest
  readonly #deadlineMs: number
  #link: RequestLink
  #hasGivenPiece = false
  #abort: AbortController | undefined
  #stream: RequestStream | undefined
  #hasEnded = false

  /** @param receivedAtMs when the batch arrived in this thread, by `performance.now()` */
  constructor(
    request: BatchRequest,
    receivedAtMs: number,
    { link = NO_LINK, record }: RequestSurroundings = {},
  ) {
    this.#request = request
    this.#link = link
    this.record = record
    this.#deadlineMs = receivedAtMs + request.remainingMs
    const { payload } = request
    this.parts = payload.kind === 'parts' ? payload.parts : []
    if (payload.kind === 'tensors') {
      this.tensors = payload.tensors
      if (payload.outputs !== undefined) this.wantedOutputs = payload.outputs
    }
  }

  get id(): string {
    return this.#request.id
  }

  get operation(): Operation {
    return this.#request.operation ?? 'predict'
  }

  get parameters(): Parameters {
    const { payload } = this.#request
    return payload.kind === 'tensors' ? (payload.parameters ?? NO_PARAMETERS) : NO_PARAMETERS
  }

  get headers(): Readonly<Record<string, string>> {
    return this.#request.headers
  }

  get remainingMs(): number {
    return this.#deadlineMs - performance.now()
  }

  /** Made on demand: most handlers are synchronous, and a timer for each request would cost them. */
  get signal(): AbortSignal {
    this.#abort ??= this.#watch()
    if (this.isCancelled) this.#abort.abort(clientGone())
    return this.#abort.signal
  }

  /** Made on demand, as few handlers stream. */
  get stream(): HandlerStream {
    if (this.#stream === undefined) {
      this.#stream = new RequestStream(this.#link, this.response)
      if (this.#hasEnded) this.#stream.end()
    }
    return this.#stream
  }

  /** Whether nobody waits for the answer any more. */
  get isCancelled(): boolean {
    return this.#link.isCancelled()
  }

  /** Whether a part of the answer is out: it cannot be tried again. */
  get hasStreamed(): boolean {
    return this.#hasGivenPiece || (this.#stream?.hasWritten ?? false)
  }

  /** A piece of the answer went out as a part of a batch's result. */
  notePiece(): void {
    this.#hasGivenPiece = true
  }

  /** The request goes on in another batch, over another link. */
  goOn(link: RequestLink): void {
    this.#link = link
    this.#stream?.goOn(link)
    const abort = this.#abort
    if (abort === undefined) return
    link.onCancel(() => {
      abort.abort(clientGone())
    })
  }

  get turn(): Turn | undefined {
    return this.#request.turn
  }

  /** The request is answered: what its handler streams from now on is dropped. */
  end(): void {
    this.#hasEnded = true
    this.#stream?.end()
  }

  body(): Uint8Array {
    const only = this.parts.length === 1 ? this.parts[0] : undefined
    const part = this.part('body') ?? this.part('data') ?? only
    if (part !== undefined) return part.bytes
    const names = this.parts.map(({ name }) => `'${name}'`).join(', ')
    const found = names === '' ? 'it is empty' : `its parts are ${names}`
    throw new ServingError('invalid_argument', `the request has no part 'body' or 'data': ${found}`, {
      reason: 'input',
    })
  }

  text(): string {
    return textOf(this.body())
  }

  json(): unknown {
    return parseJson(this.text(), 'the body')
  }

  part(name: string): RequestPart | undefined {
    return this.parts.find((part) => part.name === name)
  }

  file(name?: string): RequestPart | undefined {
    return this.parts.find(
      (part) => part.fileName !== undefined && (name === undefined || part.name === name),
    )
  }

  #watch(): AbortController {
    const abort = new AbortController()
    const deadline = AbortSignal.timeout(Math.max(0, Math.ceil(this.remainingMs)))
    deadline.addEventListener('abort', () => {
      abort.abort(deadline.reason)
    })
    this.#link.onCancel(() => {
      abort.abort(clientGone())
    })
    return abort
  }
}

const NO_PARAMETERS: Parameters = Object.freeze({})

function clientGone(): ServingError {
  return new ServingError('cancelled', 'nobody waits for the answer any more', { reason: 'client_gone' })
}
