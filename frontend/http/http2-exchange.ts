import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  constants,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Stream,
} from 'node:http2'

/*
 * Requests of HTTP/2 as the rest of `frontend/http` knows requests. Node's own compatibility classes come close;
 * what they lack or do otherwise is added here (Node 20.20 to 24).
 */

/** A request and its response in the shape of HTTP/1.1. */
export type Exchange = { readonly req: IncomingMessage; readonly res: ServerResponse }

export function exchangeOf(req: Http2ServerRequest, res: Http2ServerResponse): Exchange {
  const { stream } = req
  Object.defineProperty(req, 'headers', { value: plainHeaders(req), enumerable: true })
  Object.defineProperties(res, {
    destroyed: { get: () => stream.destroyed },
    // Node's own is also true of a stream that its client has cancelled.
    writableFinished: { get: () => isFinished(stream) },
    // Node's own does nothing once the response has ended, though its client may have read nothing.
    setTimeout: {
      value: (ms: number) => {
        stream.setTimeout(ms)
        return res
      },
    },
  })
  stream.on('timeout', () => {
    if (!res.emit('timeout')) stream.close(constants.NGHTTP2_CANCEL)
  })
  // Node's compatibility classes stand in for HTTP/1.1's, with the additions above.
  return { req: req as unknown as IncomingMessage, res: res as unknown as ServerResponse }
}

/** Of a response of HTTP/2 only. */
export function http2StreamOf(res: ServerResponse): ServerHttp2Stream | undefined {
  return (res as ServerResponse & Partial<Pick<Http2ServerResponse, 'stream'>>).stream
}

/** Of a request of HTTP/2: whether its head was all of it. */
export function endsWithItsHead(req: IncomingMessage): boolean | undefined {
  return (req as IncomingMessage & Partial<Pick<Http2ServerRequest, 'stream'>>).stream?.endAfterHeaders
}

function isFinished(stream: ServerHttp2Stream): boolean {
  return stream.writableFinished && stream.rstCode === constants.NGHTTP2_NO_ERROR
}

/** Without the names of HTTP/2 itself; the host is where everybody looks for it. */
function plainHeaders({ headers }: Http2ServerRequest): Record<string, unknown> {
  const plain: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(headers)) if (!name.startsWith(':')) plain[name] = value
  const host = headers[':authority'] ?? headers['host']
  return host === undefined ? plain : { ...plain, host }
}

/** Keeps the limit for sending a whole request, which Node keeps for HTTP/1.1 only. */
export function limitArrival({ req, res }: Exchange, limitMs: number, refuse: () => void): void {
  if (endsWithItsHead(req) === true) return
  const timer = setTimeout(refuse, limitMs)
  const stop = () => {
    clearTimeout(timer)
  }
  req.once('end', stop)
  res.once('close', stop)
}
