import Koa, { type Middleware, type ParameterizedContext } from 'koa'
import type { AnswerContext } from './answer.ts'
import { routeNotFound } from './errors.ts'
import type { RequestState } from './request-state.ts'

/** A request and its answer. */
export type HttpExchange = AnswerContext & { readonly state: RequestState }

/** A dialect as it is mounted: what answers, and which routes it names to a caller who missed them. */
export type Mount = {
  readonly middleware: Middleware<RequestState>
  /** Serves the routes of most traffic past the middleware of all mounts. Undefined: it is another route. */
  readonly hot?: (exchange: HttpExchange) => Promise<void> | undefined
  /** As shown to people: `POST /predictions/{model}`. */
  readonly routes: readonly string[]
}

/**
 * The dialects in order, 404 behind them: koa without its own end of a request. Koa hangs four listeners on every
 * response to hear of its errors, and answers what was not answered; here every answer goes through `send`.
 */
export class MountedRoutes extends Koa<RequestState> {
  readonly #callback: ReturnType<Koa['callback']>
  /** Set while koa makes the context of a request. */
  #arriving: RequestState | undefined

  constructor(mounts: readonly Mount[]) {
    super()
    const routes = mounts.flatMap((mount) => mount.routes)
    for (const { middleware } of mounts) this.use(middleware)
    this.use((ctx) => {
      throw routeNotFound(ctx.method, ctx.path, routes)
    })
    this.#callback = this.callback()
  }

  /** Rejects with whatever a route throws. */
  serve({ req, res, state }: HttpExchange): Promise<void> {
    this.#arriving = state
    return this.#callback(req, res)
  }

  /** Called by koa's `callback` for each request. */
  handleRequest(
    ctx: ParameterizedContext<RequestState>,
    run: (ctx: ParameterizedContext<RequestState>) => Promise<void>,
  ): Promise<void> {
    if (this.#arriving !== undefined) ctx.state = this.#arriving
    return run(ctx)
  }
}
