import type { IncomingMessage, ServerResponse } from 'node:http'
import Koa, { type Middleware, type ParameterizedContext } from 'koa'
import { isAnsweredEarly, send, type Answer } from './answer.ts'
import { answerError, type ErrorRenderer, type FailureReport } from './error-boundary.ts'
import { malformedHttp, requestTooLate, routeNotFound, servingErrorFrom, tooManyHeaders } from './errors.ts'
import { limitArrival } from './http2-exchange.ts'
import { RequestState } from './request-state.ts'

/** Beyond this many header fields Node drops the rest silently, so one more is let in to notice it. */
export const MAX_HEADER_FIELDS = 100

/** A dialect as it is mounted: what answers, and which routes it names to a caller who missed them. */
export type Mount = {
  readonly middleware: Middleware<RequestState>
  /** As shown to people: `POST /predictions/{model}`. */
  readonly routes: readonly string[]
}

/** What is known of a request when it has ended. */
export type AccessRecord = {
  readonly method: string
  /** Without the query, which may hold secrets. */
  readonly path: string
  /** 499 when the client left before its answer was written. */
  readonly status: number
  readonly durationMs: number
  readonly requestId: string
  readonly model?: string
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
   * Sees every request before the dialects: puts headers on the response, answers, or refuses by throwing.
   * Absent: costs nothing.
   */
  readonly before?: ((req: IncomingMessage, res: ServerResponse) => Answer | undefined) | undefined
}

const CLIENT_CLOSED_REQUEST = 499

/** Told of every response: when its request arrives, and when it has been written or its connection is gone. */
export type ResponseTracker = {
  readonly started: (res: ServerResponse) => void
  readonly ended: (res: ServerResponse) => void
}

export type ArrivalLimits = { readonly requestTimeoutMs: number }

/** The request function of a listener: dialects in order behind one error boundary, 404 behind them. */
export function createApp(
  options: AppOptions,
  tracker: ResponseTracker,
  limits: ArrivalLimits,
): (req: IncomingMessage, res: ServerResponse) => void {
  const app = new LeanKoa(options, tracker, limits)
  const { before } = options
  const routes = options.mounts.flatMap((mount) => mount.routes)
  app.use(async (ctx, next) => {
    try {
      checkHead(ctx.req)
      const answer = before?.(ctx.req, ctx.res)
      if (answer === undefined) await next()
      else send(ctx, answer)
    } catch (thrown) {
      answerError(ctx, thrown, options)
    }
  })
  for (const { middleware } of options.mounts) app.use(middleware)
  app.use((ctx) => {
    throw routeNotFound(ctx.method, ctx.path, routes)
  })
  const callback = app.callback()
  return (req, res) => void callback(req, res)
}

/**
 * Koa without its own end of a request. Koa hangs four listeners on every response to hear of its errors, and
 * answers what was not answered; here one `close` listener hears more, and every answer goes through `send`
 * (5 µs of 60 for a small request, measured on koa 3.3.0).
 */
class LeanKoa extends Koa<RequestState> {
  readonly #options: AppOptions
  readonly #tracker: ResponseTracker
  readonly #limits: ArrivalLimits

  constructor(options: AppOptions, tracker: ResponseTracker, limits: ArrivalLimits) {
    super()
    this.#limits = limits
    this.#options = options
    this.#tracker = tracker
  }

  /** Called by koa's `callback` for each request. */
  handleRequest(
    ctx: ParameterizedContext<RequestState>,
    run: (ctx: ParameterizedContext<RequestState>) => Promise<void>,
  ): Promise<void> {
    const { req, res } = ctx
    const { onAccess, report, compressMinBytes } = this.#options
    const state = new RequestState(req.headers['x-request-id'], res, compressMinBytes)
    ctx.state = state
    this.#tracker.started(res)
    res.once('close', () => {
      this.#tracker.ended(res)
      if (!res.writableFinished) state.clientGone()
      onAccess?.(accessRecord(req, res, state))
    })
    if (req.httpVersionMajor === 2) {
      limitArrival({ req, res }, this.#limits.requestTimeoutMs, () => {
        answerError(ctx, requestTooLate(), this.#options)
      })
    }
    return run(ctx).catch((thrown: unknown) => {
      report(servingErrorFrom(thrown), state.requestId) // a bug in the boundary itself
      res.destroy()
    })
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
    ...(model === undefined ? {} : { model }),
    requestBytes,
    responseBytes,
  }
}

function checkHead({ rawHeaders, headers, httpVersion }: IncomingMessage): void {
  if (rawHeaders.length > 2 * MAX_HEADER_FIELDS) throw tooManyHeaders(MAX_HEADER_FIELDS)
  if (httpVersion === '1.0' && headers['transfer-encoding'] !== undefined) {
    // Some intermediaries ignore it there, and would see another request boundary than we do.
    throw malformedHttp('Transfer-Encoding is not part of HTTP/1.0; use HTTP/1.1')
  }
}
