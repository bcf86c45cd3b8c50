import type { Middleware, Next } from 'koa'
import type { DataPlane, ModelSelector, RequestHead } from '../../core/data-plane.ts'
import { formatModelId } from '../../../worker/contract/model-id.ts'
import { requestFromHttp, responseToHttp } from './codec.ts'
import { badHeader } from './errors.ts'
import type { RequestContext, RequestState, Transport } from './transport.ts'

/** A caller's own deadline, counted from arrival; the version's `inferenceTimeoutMs` remains the upper bound. */
export const TIMEOUT_HEADER = 'x-timeout-ms'
const MAX_TIMEOUT_MS = 86_400_000

const PREFIX = '/predictions/'
/** A model, perhaps a version, nothing that needs decoding; anything else takes the router's way. */
const PLAIN_TARGET = /^\/predictions\/([\w.-]+)(?:\/([\w.-]+))?(?:\?|$)/

export type PredictionOptions = { readonly dataPlane: DataPlane; readonly transport: Transport }

/**
 * Serves the routes that carry nearly all traffic before the router sees them: matching them against every route
 * costs as much as a small model (measured).
 */
export function predictionsFirst(options: PredictionOptions): Middleware<RequestState> {
  return (ctx: RequestContext, next: Next) => {
    const { url = '', method } = ctx.req
    if (!url.startsWith(PREFIX) || (method !== 'POST' && method !== 'PUT')) return next()
    const match = PLAIN_TARGET.exec(url)
    if (match?.[1] === undefined) return next()
    const model = match[2] === undefined ? { name: match[1] } : { name: match[1], version: match[2] }
    return predict(options, ctx, model)
  }
}

/** Admission comes before the body: a request that cannot be served costs its head, not its bytes. */
export async function predict(
  { dataPlane, transport }: PredictionOptions,
  ctx: RequestContext,
  model: ModelSelector,
): Promise<void> {
  ctx.state.model = model.name
  ctx.state.checkModel?.(model.name)
  const admitted = dataPlane.admit(new HttpRequestHead(ctx, model, transport.announcedBytes(ctx.req)))
  ctx.state.model = formatModelId(admitted.model)
  let payload
  try {
    payload = await requestFromHttp(transport, ctx, admitted.maxRequestBytes)
  } catch (error) {
    admitted.cancel()
    throw error
  }
  transport.send(ctx, responseToHttp(await admitted.run(payload)))
}

/**
 * The head of a request over HTTP.
 *
 * A class, because its `signal` is made on demand: a getter in an object literal is a new hidden class for every
 * request, which the garbage collector then has to carry (a fifth of all CPU, measured).
 */
class HttpRequestHead implements RequestHead {
  readonly requestId: string
  readonly model: ModelSelector
  readonly headers: Readonly<Record<string, string>>
  declare readonly timeoutMs?: number
  declare readonly announcedBytes?: number
  readonly #state: RequestState

  constructor({ state, req }: RequestContext, model: ModelSelector, announcedBytes: number | undefined) {
    const timeoutMs = timeoutOf(req.headers[TIMEOUT_HEADER])
    this.requestId = state.requestId
    this.model = model
    // Node joins repeated request headers into one text; only `set-cookie`, no request header, is a list.
    this.headers = req.headers as Readonly<Record<string, string>>
    if (timeoutMs !== undefined) this.timeoutMs = timeoutMs
    if (announcedBytes !== undefined) this.announcedBytes = announcedBytes
    this.#state = state
  }

  get signal(): AbortSignal {
    return this.#state.signal
  }
}

function timeoutOf(header: string | string[] | undefined): number | undefined {
  if (header === undefined) return undefined
  const value = String(header)
  const timeoutMs = /^\d{1,8}$/.test(value) ? Number(value) : 0
  if (timeoutMs >= 1 && timeoutMs <= MAX_TIMEOUT_MS) return timeoutMs
  throw badHeader(TIMEOUT_HEADER, value, `an integer from 1 to ${MAX_TIMEOUT_MS}, in milliseconds`)
}
