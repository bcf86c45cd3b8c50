import type { IncomingMessage, ServerResponse } from 'node:http'
import Koa, { type Middleware } from 'koa'
import { errorBoundary, type ErrorRenderer, type FailureReport } from './error-boundary.ts'
import {
  isConnectionError,
  malformedHttp,
  routeNotFound,
  servingErrorFrom,
  tooManyHeaders,
} from './errors.ts'
import { RequestState } from './request-state.ts'

/** Beyond this many header fields Node drops the rest silently, so one more is let in to notice it. */
export const MAX_HEADER_FIELDS = 100

/** A dialect as it is mounted: what answers, and which routes it names to a caller who missed them. */
export type Mount = {
  readonly middleware: Middleware<RequestState>
  /** As shown to people: `POST /predictions/{model}`. */
  readonly routes: readonly string[]
}

/** One line of the access log. */
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
  /** Absent: no access log, and nothing is computed for it. */
  readonly onAccess?: (record: AccessRecord) => void
}

const CLIENT_CLOSED_REQUEST = 499

/** The request function of a listener: dialects in order behind one error boundary, 404 behind them. */
export function createApp(options: AppOptions): (req: IncomingMessage, res: ServerResponse) => void {
  const app = new Koa<RequestState>()
  const routes = options.mounts.flatMap((mount) => mount.routes)
  app.on('error', (error: unknown) => {
    if (!isConnectionError(error)) options.report(servingErrorFrom(error), '')
  })
  app.use(entry(options.onAccess))
  app.use(errorBoundary(options.renderError, options.report))
  app.use(checkHead)
  for (const { middleware } of options.mounts) app.use(middleware)
  app.use((ctx) => {
    throw routeNotFound(ctx.method, ctx.path, routes)
  })
  const callback = app.callback()
  return (req, res) => void callback(req, res)
}

function entry(onAccess: AppOptions['onAccess']): Middleware<RequestState> {
  return (ctx, next) => {
    const { req, res } = ctx
    const state = new RequestState(req.headers['x-request-id'], res)
    ctx.state = state
    res.once('close', () => {
      if (!res.writableFinished) state.clientGone()
      onAccess?.(accessRecord(req, res, state))
    })
    return next()
  }
}

function accessRecord(req: IncomingMessage, res: ServerResponse, state: RequestState): AccessRecord {
  const { requestId, model, requestBytes, responseBytes } = state
  const url = req.url ?? ''
  const queryStart = url.indexOf('?')
  return {
    method: req.method ?? '',
    path: queryStart === -1 ? url : url.slice(0, queryStart),
    status: res.writableFinished ? res.statusCode : CLIENT_CLOSED_REQUEST,
    durationMs: performance.now() - state.startedMs,
    requestId,
    ...(model === undefined ? {} : { model }),
    requestBytes,
    responseBytes,
  }
}

const checkHead: Middleware<RequestState> = (ctx, next) => {
  const { rawHeaders, headers, httpVersionMinor } = ctx.req
  if (rawHeaders.length > 2 * MAX_HEADER_FIELDS) throw tooManyHeaders(MAX_HEADER_FIELDS)
  if (httpVersionMinor === 0 && headers['transfer-encoding'] !== undefined) {
    // Some intermediaries ignore it there, and would see another request boundary than we do.
    throw malformedHttp('Transfer-Encoding is not part of HTTP/1.0; use HTTP/1.1')
  }
  return next()
}
