import type { ServerResponse } from 'node:http'
import { constants } from 'node:http2'
import type { ServingError } from '../../worker/contract/errors.ts'
import { STALLED_READER_MS, type AnswerContext } from './answer.ts'
import { readerStalled, readerTooSlow } from './errors.ts'
import { http2StreamOf } from './http2-exchange.ts'

/** The head of a response whose body is still being made. `x-request-id` is added, and the framing is chunked. */
export type StreamHead = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
}

/** Says what went wrong to a caller who reads trailers, when the head has promised a success already. */
export const ERROR_TRAILER = 'x-error'
const MAX_TRAILER_CHARACTERS = 500

/** What may wait in memory for a client that reads more slowly than its answer is made. */
export const MAX_UNREAD_BYTES = 8 * 1024 * 1024

/**
 * A response that goes out while it is being made. Its head leaves with the first piece.
 *
 * Writing never waits: what the client has not taken is kept, up to {@link MAX_UNREAD_BYTES}; then it is cut.
 */
export class ResponseStream {
  readonly #ctx: AnswerContext

  constructor(ctx: AnswerContext, head: StreamHead) {
    this.#ctx = ctx
    ctx.respond = false
    const { res, state } = ctx
    if (res.destroyed || res.headersSent) return
    res.writeHead(head.status, {
      ...head.headers,
      ...(takesTrailers(ctx) ? { trailer: ERROR_TRAILER } : {}),
      'x-request-id': state.requestId,
    })
    // The limit is for a reader who takes nothing, not for a handler that has nothing to say yet.
    res.on('drain', () => res.setTimeout(0))
    res.on('timeout', () => {
      this.#cutReader(readerStalled(STALLED_READER_MS))
    })
  }

  /** Takes the bytes over. Does nothing when the client is gone. */
  write(bytes: Uint8Array): void {
    const { res, state } = this.#ctx
    if (res.destroyed || res.writableEnded) return
    if (res.writableLength > MAX_UNREAD_BYTES) {
      this.#cutReader(readerTooSlow(res.writableLength, MAX_UNREAD_BYTES))
      return
    }
    state.responseBytes += bytes.byteLength
    if (bytes.byteLength === 0) res.flushHeaders()
    else if (!res.write(bytes)) res.setTimeout(STALLED_READER_MS)
  }

  /** Ends the response as a whole one. @throws ServingError what has cut it before */
  end(bytes: Uint8Array): void {
    this.write(bytes)
    const { res, state } = this.#ctx
    if (state.cut !== undefined) throw state.cut
    res.end()
    if (res.writableLength > 0) res.setTimeout(STALLED_READER_MS)
  }

  #cutReader(error: ServingError): void {
    this.#ctx.state.cut ??= error
    this.#ctx.res.destroy()
  }
}

/**
 * Ends a response that has begun and cannot be finished, so that nobody takes it for a whole one: by a trailer for
 * a client that has asked for trailers (`TE: trailers`), else by closing the connection within the body.
 *
 * @returns why it was cut: the first reason, not what followed from it
 */
export function cutResponse(ctx: AnswerContext, error: ServingError): ServingError {
  const { res, state } = ctx
  const reason = (state.cut ??= error)
  if (res.destroyed || res.writableEnded) return reason
  if (takesTrailers(ctx)) {
    res.addTrailers({ [ERROR_TRAILER]: trailerText(reason) })
    res.end()
  } else endWithinBody(res)
  return reason
}

function takesTrailers({ req }: AnswerContext): boolean {
  return /\btrailers\b/i.test(String(req.headers.te ?? ''))
}

/** What was written before still leaves; a client that does not take it is not waited for. */
function endWithinBody(res: ServerResponse): void {
  const stream = http2StreamOf(res)
  if (stream !== undefined) {
    stream.close(constants.NGHTTP2_INTERNAL_ERROR)
    return
  }
  if (res.socket === null) {
    res.destroy()
    return
  }
  res.setTimeout(STALLED_READER_MS)
  res.socket.destroySoon()
}

/** What a header may hold: visible ASCII on one line. */
function trailerText({ code, message }: ServingError): string {
  const text = `${code}: ${message}`.replace(/[^\x21-\x7e]+/g, ' ')
  return text.slice(0, MAX_TRAILER_CHARACTERS).trimEnd()
}
