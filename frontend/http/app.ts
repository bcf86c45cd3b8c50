import type { IncomingMessage, ServerResponse } from 'node:http'
import type { LivePlace } from '../../worker/contract/live-list.ts'
import { isAnsweredEarly, send, type Answer } from './answer.ts'
import { answerError, type ErrorRenderer, type FailureReport } from './error-boundary.ts'
import { malformedHttp, requestTooLate, servingErrorFrom, tooManyHeaders } from './errors.ts'
import { limitArrival } from './http2-exchange.ts'
import { MountedRoutes, type HttpExchange, type Mount } from './mounted-routes.ts'
import { takePeer } from './pass-on.ts'
import { RequestState } from './request-state.ts'

/** Beyond this many header fields Node drops the rest silently, so one more is let in to notice it. */
export const MAX_HEADER_FIELDS = 100

export type { HttpExchange, Mount }

/** What is known of a request when it has ended. */
export type AccessRecord = {
  readonly method: string
  /** Without the query, which may hold secrets. */
  readonly path: string
  /** 499 when the client left before its answer was written. */
  readonly status: number
  readonly durationMs: number
  readonly requestId: string
  readonly model: string | undefined
  readonly requestBytes: number
  readonly responseBytes: number
}

export type AppOptions = {
  readonly mounts: readonly Mount[]
  /** Words the errors of no dialect: unknown routes, malformed requests. */
  readonly renderError: ErrorRenderer
  readonly report: FailureReport
  /** Answers of this size and more are packed for clients that like that, if their type is worth it. Absent: none. */
  readonly compressMinBytes?: number | undefined
  /** Told of every request that ended. Absent: nothing is computed for it. */
  readonly onAccess?: (record: AccessRecord) => void
  /**
   * Takes a request that is answered elsewhere, together with its response; false for one that is answered here.
   * Absent: costs nothing.
   */
  readonly passOn?: ((req: IncomingMessage, res: ServerResponse) => boolean) | undefined
  /** Its requests come from other processes of this server, which say whom they had them from. */
  readonly isBehindFrontends?: true | undefined
  /**
   * Sees every request before the dialects: puts headers on the response, answers, or refuses by throwing.
   * Absent: costs nothing.
   */
  readonly before?: ((req: IncomingMessage, res: ServerResponse) => Answer | undefined) | undefined
}

const CLIENT_CLOSED_REQUEST = 499

/** Told of every response: when its request arrives, and when it has been written or its connection is gone. */
export type ResponseTracker = {
  readonly started: (res: ServerResponse) => PendingResponse
  readonly ended: (place: PendingResponse) => void
}

export type PendingResponse = LivePlace<ServerResponse>

export type ArrivalLimits = { readonly requestTimeoutMs: number }

/** The request function of a listener: hot routes, then dialects in order, behind one error boundary. */
export function createApp(
  options: AppOptions,
  tracker: ResponseTracker,
  limits: ArrivalLimits,
): (req: IncomingMessage, res: ServerResponse) => void {
  const { before, mounts } = options
  const hotRoutes = mounts.flatMap(({ hot = [] }) => hot)
  const mounted = new MountedRoutes(mounts)
  const serve = (exchange: HttpExchange) => {
    for (const hot of hotRoutes) {
      const served = hot(exchange)
      if (served !== undefined) return served
    }
    return mounted.serve(exchange)
  }
  const answerHere = (req: IncomingMessage, res: ServerResponse) => {
    const exchange = openExchange({ req, res }, { options, tracker })
    const fail = (thrown: unknown) => {
      refuse(exchange, thrown, options)
    }
    if (req.httpVersionMajor === 2) {
      limitArrival(exchange, limits.requestTimeoutMs, () => {
        fail(requestTooLate())
      })
    }
    try {
      checkHead(req)
      const answer = before?.(req, res)
      if (answer === undefined) serve(exchange).catch(fail)
      else send(exchange, answer)
    } catch (thrown) {
      fail(thrown)
    }
  }
  const { passOn } = options
  if (passOn === undefined) return answerHere
  return (req, res) => {
    // What has no sound head is refused here: passed on, it could look sound.
    if (!hasSoundHead(req) || !passOn(req, res)) answerHere(req, res)
    else {
      const place = tracker.started(res)
      res.once('close', () => {
        tracker.ended(place)
      })
    }
  }
}

/** One `close` listener hears of the end of a response, whatever it is. */
function openExchange(
  { req, res }: Pick<HttpExchange, 'req' | 'res'>,
  {
    options: { compressMinBytes, onAccess, isBehindFrontends },
    tracker,
  }: { readonly options: AppOptions; readonly tracker: ResponseTracker },
): HttpExchange {
  const state = new RequestState(req.headers['x-request-id'], res, compressMinBytes)
  if (isBehindFrontends) state.remoteAddress = takePeer(req)
  const place = tracker.started(res)
  res.once('close', () => {
    tracker.ended(place)
    if (!res.writableFinished) state.clientGone()
    onAccess?.(accessRecord(req, res, state))
  })
  return { req, res, state }
}

function refuse(exchange: HttpExchange, thrown: unknown, options: AppOptions): void {
  try {
    answerError(exchange, thrown, options)
  } catch (bug) {
    options.report(servingErrorFrom(bug), exchange.state.requestId)
    exchange.res.destroy()
  }
}

/** Also when a refused client has read its answer and left without sending the rest of its body, as curl does. */
function isAnswered(req: IncomingMessage, res: ServerResponse): boolean {
  return res.writableFinished || (res.headersSent && isAnsweredEarly(req.socket))
}

/** Also when the head said success; the log has the reason. A client that left in the middle has left. */
function isCutHere({ cut }: RequestState): boolean {
  return cut !== undefined && cut.code !== 'cancelled'
}

function accessRecord(req: IncomingMessage, res: ServerResponse, state: RequestState): AccessRecord {
  const { requestId, model, requestBytes, responseBytes } = state
  const url = req.url ?? ''
  const queryStart = url.indexOf('?')
  return {
    method: req.method ?? '',
    path: queryStart === -1 ? url : url.slice(0, queryStart),
    status: isAnswered(req, res) || isCutHere(state) ? res.statusCode : CLIENT_CLOSED_REQUEST,
    durationMs: performance.now() - state.startedMs,
    requestId,
    model,
    requestBytes,
    responseBytes,
  }
}

function hasSoundHead(req: IncomingMessage): boolean {
  try {
    checkHead(req)
    return true
  } catch {
    return false // whoever answers it checks again, and says why
  }
}

function checkHead({ rawHeaders, headers, httpVersion }: IncomingMessage): void {
  if (rawHeaders.length > 2 * MAX_HEADER_FIELDS) throw tooManyHeaders(MAX_HEADER_FIELDS)
  if (httpVersion === '1.0' && headers['transfer-encoding'] !== undefined) {
    // Some intermediaries ignore it there, and would see another request boundary than we do.
    throw malformedHttp('Transfer-Encoding is not part of HTTP/1.0; use HTTP/1.1')
  }
}
