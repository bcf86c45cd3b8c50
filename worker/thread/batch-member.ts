import { errorToData } from '../contract/errors.ts'
import type { BatchRequest, BatchResponse, WorkerReply } from '../contract/messages.ts'
import { formatModelId, type ModelId } from '../contract/model-id.ts'
import type { HandlerLogger } from '../handler.ts'
import { pieceFromValue, responseAfterPieces, responseFromAnswer } from './answer.ts'
import { NO_LINK, type RequestLink } from './batch-link.ts'
import { clientErrorOf } from './failure.ts'
import { BatchMemberRequest } from './handler-request.ts'

const NO_PIECE: BatchResponse = { payload: { kind: 'bytes', bytes: new Uint8Array(0) } }

/** The first piece carries the head of the answer. */
function responseFromPiece(value: unknown, { hasStreamed, response }: BatchMemberRequest): BatchResponse {
  const { contentType, bytes, ...head } = pieceFromValue(value, hasStreamed ? undefined : response)
  return { ...head, payload: { kind: 'bytes', ...(contentType === undefined ? {} : { contentType }), bytes } }
}

/** What a handler or the engine was doing for a request. */
export type Stage = 'preprocess' | 'inference' | 'postprocess' | 'handle' | 'explain' | 'describe'

export type MemberOptions = {
  readonly request: BatchRequest
  readonly receivedAtMs: number
  readonly model: ModelId
  readonly log: HandlerLogger
  readonly link?: RequestLink
  /** What handlers of TorchServe's style get as the record of this request, if an envelope says so. */
  readonly record?: { readonly value: unknown } | undefined
}

/** A request inside another. */
export type InnerOptions = {
  readonly request: (outer: BatchRequest) => BatchRequest
  readonly record: MemberOptions['record']
  readonly link: (outer: RequestLink) => RequestLink
}

/** One request on its way through a batch. Its first reply stands. */
export class BatchMember {
  readonly #options: MemberOptions
  #request: BatchMemberRequest
  #reply: WorkerReply<BatchResponse> | undefined
  /** What it brings; known when it is decoded. */
  rows = 1

  constructor(options: MemberOptions) {
    this.#options = options
    this.#request = new BatchMemberRequest(options.request, options.receivedAtMs, options)
  }

  get request(): BatchMemberRequest {
    return this.#request
  }

  /** Takes the place of a request that goes on from an earlier batch: its handler sees the very object again. */
  resume(request: BatchMemberRequest): void {
    request.goOn(this.#options.link ?? NO_LINK)
    this.#request = request
  }

  /** Gives a piece of the answer; the request takes part in the next batch, too. */
  goOn(piece: unknown, stage: Stage): void {
    try {
      const response = piece === undefined ? NO_PIECE : responseFromPiece(piece, this.#request)
      this.#reply ??= { ok: true, value: { ...response, more: true } }
      if (piece !== undefined) this.#request.notePiece()
    } catch (error) {
      this.fail(error, stage)
    }
  }

  get hasMore(): boolean {
    return this.#reply?.ok === true && this.#reply.value.more === true
  }

  get isOpen(): boolean {
    return this.#reply === undefined
  }

  get reply(): WorkerReply<BatchResponse> {
    return (
      this.#reply ?? { ok: false, error: { code: 'internal', message: 'the batch ended without an answer' } }
    )
  }

  answer(answer: unknown, stage: Stage): void {
    try {
      const response = this.#responseFrom(answer)
      this.#reply ??= { ok: true, value: this.rows === 1 ? response : { ...response, rows: this.rows } }
      this.request.end()
    } catch (error) {
      this.fail(error, stage)
    }
  }

  /**
   * An error made for clients reaches the client. Anything else is a bug or an engine failure: the client gets a
   * fixed phrase, the log the stack.
   */
  fail(error: unknown, stage: Stage): void {
    if (!this.isOpen) return
    const { model, log } = this.#options
    const name = `model '${formatModelId(model)}'`
    const shown = clientErrorOf(error, `${name}, in ${stage},`)
    const phrase = `${name} failed in ${stage}; the server's log has the details`
    const { stack: _, ...data } = errorToData(shown ?? error, phrase)
    this.#reply = { ok: false, error: data }
    this.request.end()
    if (shown !== undefined && shown.cause !== error) return
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
    // Giving up is right when nobody waits any more.
    const level = this.request.isCancelled ? 'debug' : 'error'
    log[level](`${stage} failed`, { requestId: this.request.id, stack })
  }

  /** Whether a part of its answer is out: it cannot be tried again. */
  get hasStreamed(): boolean {
    return this.request.hasStreamed
  }

  #responseFrom(answer: unknown): BatchResponse {
    const { request } = this
    return request.hasStreamed
      ? responseAfterPieces(answer)
      : responseFromAnswer(answer, request.response, request.wantedOutputs)
  }

  /** Replies by what became of what the request holds. */
  settle(reply: WorkerReply<BatchResponse>): void {
    this.#reply ??= reply
    this.request.end()
  }

  inner({ request, record, link }: InnerOptions): BatchMember {
    const outer = this.#options
    return new BatchMember({
      ...outer,
      request: request(outer.request),
      record,
      link: link(outer.link ?? NO_LINK),
    })
  }

  /** The same request afresh, for a second try. */
  again(): BatchMember {
    return new BatchMember(this.#options)
  }
}
