import type { IncomingMessage, ServerResponse } from 'node:http'
import { constants } from 'node:http2'
import type { Socket } from 'node:net'
import type { ServingError } from '../../worker/contract/errors.ts'
import {
  contentBytes,
  contentOf,
  endsWithHead,
  NOTHING,
  type Answer,
  type AnswerBody,
  type Content,
} from './answer-body.ts'
import { announcedBytes } from './body.ts'
import { IncomingRequest } from './incoming-request.ts'
import { http2StreamOf } from './http2-exchange.ts'
import { acceptHeader, encodingFor, packed, varyByEncoding, type Encoding } from './compress.ts'

export type { Answer, AnswerBody }

export type AnswerContext = {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  respond?: boolean | undefined
  readonly state: {
    readonly requestId: string
    /** Smaller answers are not packed; absent: none is. */
    readonly compressMinBytes?: number | undefined
    responseBytes: number
    /** Why the response ended before it was whole, if it was this server that ended it. */
    cut?: ServingError | undefined
  }
}

/** A refused body up to this size is read to its end, so that the connection can be used again. */
const MAX_DRAINED_BYTES = 64 * 1024
/** How long a refused client may take to read its answer before the connection is cut. */
const LINGER_MS = 1000
/** How much of a refused body is discarded meanwhile; the rest stays in the client. */
const MAX_LINGER_BYTES = 1024 * 1024

/** Up to this size one write is cheaper than none of the copies (measured: 3 µs of 28). */
const MAX_JOINED_BYTES = 4096

/** How long a client may take nothing of an answer that the kernel's buffers do not hold; then it is cut. */
export const STALLED_READER_MS = 30_000

/** The last request of a connection that was answered before it had arrived completely. */
const answeredEarly = new WeakMap<Socket, IncomingMessage>()

/** Whether what still comes belongs to a request that has its answer, and gets no second one. */
export function isAnsweredEarly(socket: Socket): boolean {
  return answeredEarly.get(socket)?.complete === false
}

/**
 * Answers, packed if the client likes that and the answer is worth it.
 *
 * Does nothing when the client is gone.
 */
export function send(ctx: AnswerContext, answer: Answer): void {
  const { req, res, state } = ctx
  ctx.respond = false
  const encoding = encodingOf(req, answer, state.compressMinBytes)
  if (encoding === undefined) {
    write(ctx, answer)
    return
  }
  packed(answer, encoding)
    .then((each) => {
      write(ctx, varyByEncoding(res, each))
    })
    .catch(() => res.destroy())
}

function encodingOf(
  req: IncomingMessage,
  answer: Answer,
  minBytes: number | undefined,
): Encoding | undefined {
  const accepted = minBytes === undefined ? undefined : acceptHeader(req)
  if (minBytes === undefined || accepted === undefined || hasUnreadBody(req)) return undefined
  return encodingFor(answer, { accepted, minBytes })
}

/** Past koa's own writer, whose body setters cost a third of a small request (measured). */
function write({ req, res, state }: AnswerContext, { status, headers, body }: Answer): void {
  if (res.destroyed || res.headersSent) return
  const content = contentOf(body)
  const byteLength = contentBytes(content)
  state.responseBytes = byteLength
  const stream = http2StreamOf(res)
  const isUnread = hasUnreadBody(req)
  // Of HTTP/2, other requests share the connection and are not concerned.
  const isBlocked = isUnread && stream === undefined && !canDrain(req)
  if (isUnread && stream === undefined) answeredEarly.set(req.socket, req)
  if (isBlocked) res.shouldKeepAlive = false
  else if (isUnread && req instanceof IncomingRequest) req.discardBody()
  const fields: Record<string, string | number> = {}
  for (const name in headers) fields[name] = headers[name] ?? ''
  fields['content-length'] = byteLength
  fields['x-request-id'] = state.requestId
  if (endsWithHead(status)) delete fields['content-length']
  res.writeHead(status, fields)
  const written = req.method === 'HEAD' || endsWithHead(status) ? NOTHING : content
  if (isBlocked) endAfterLinger(req, res, written)
  else end(res, written)
  if (isUnread && stream !== undefined) discardBody(req, () => stream.close(constants.NGHTTP2_NO_ERROR))
}

function end(res: ServerResponse, given: Content): void {
  const isSmall = Array.isArray(given) && contentBytes(given) <= MAX_JOINED_BYTES
  const content = isSmall ? Buffer.concat(given) : given
  if (Array.isArray(content)) endWithPieces(res, content)
  else if (content.byteLength > MAX_JOINED_BYTES || content.byteLength === 0) res.end(content)
  else if (joinToHead(res, content)) return
  else res.end(latin1(content), 'latin1')
  watchReader(res)
}

/** Without a listener of its own, Node ends the connection when the time is over, and progress starts it anew. */
function watchReader(res: ServerResponse): void {
  if (res.writableLength > 0) res.setTimeout(STALLED_READER_MS)
}

/**
 * Ends with a small body at the end of the head, as one text: given to `end`, Node would write it as a list of two,
 * whose request costs the frontend another tenth of a small answer (20.20; the head is there since 0.1).
 *
 * @returns false where Node keeps no head to join it to, or has sent it
 */
function joinToHead(
  res: ServerResponse & { _header?: unknown; readonly _headerSent?: unknown },
  content: Uint8Array,
): boolean {
  if (typeof res._header !== 'string' || res._headerSent !== false) return false
  res._header += latin1(content)
  endSoon(res)
  return true
}

/** Answers that have been written but for their last step. */
const ending: ServerResponse[] = []

/**
 * Ends it when the rest of its batch is ready, too: written back to back, answers wake their reader once and not,
 * with the time between them, each anew.
 */
function endSoon(res: ServerResponse): void {
  if (ending.push(res) === 1) queueMicrotask(endAll)
}

function endAll(): void {
  for (const res of ending.splice(0)) {
    res.end()
    watchReader(res)
  }
}

/** Head and pieces leave in one call of the system. */
function endWithPieces(res: ServerResponse, pieces: readonly Uint8Array[]): void {
  res.cork()
  for (const piece of pieces) res.write(piece)
  res.end()
}

/** One character for each byte: Node joins head and text into one write, but not head and bytes. */
function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** Whether some of the body is still to come. */
function hasUnreadBody(req: IncomingMessage): boolean {
  return !req.complete && announcedBytes(req) !== 0
}

/** Without its `100 Continue` a client may never send the body: such a connection cannot be used again. */
function canDrain(req: IncomingMessage): boolean {
  const announced = announcedBytes(req)
  return announced !== undefined && announced <= MAX_DRAINED_BYTES && req.headers.expect === undefined
}

/**
 * Sends the answer at once but closes later. Closing with unread bytes in the socket makes the kernel send a
 * reset, which destroys the answer before a client that is still sending has read it.
 */
function endAfterLinger(req: IncomingMessage, res: ServerResponse, content: Content): void {
  if (content.length === 0) res.flushHeaders()
  else for (const piece of Array.isArray(content) ? content : [content]) res.write(piece)
  discardBody(req, () => {
    end(res, NOTHING)
  })
}

/** Takes what still comes of a refused body, for a while, so that its client can read the answer; then finishes. */
export function discardBody(req: IncomingMessage, finish: () => void): void {
  let discardedBytes = 0
  const done = () => {
    clearTimeout(timer)
    finish()
  }
  const timer = setTimeout(done, LINGER_MS)
  req.on('data', (chunk: Buffer) => {
    discardedBytes += chunk.byteLength
    if (discardedBytes > MAX_LINGER_BYTES) req.pause()
  })
  req.once('end', done)
  req.once('close', done)
  req.resume()
}
