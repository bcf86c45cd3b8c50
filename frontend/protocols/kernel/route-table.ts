import Router from '@koa/router'
import type { Middleware } from 'koa'
import type { IncomingMessage } from 'node:http'
import type { ModelId } from '../../../worker/contract/model-id.ts'
import type { ModelSelector } from '../../core/data-plane.ts'
import type { Gate, RouteScope } from './access.ts'
import { methodNotAllowed } from './errors.ts'
import type { RouteDoc } from './openapi/route-doc.ts'
import type { Answer, Mount, RequestContext, RequestState, RoutedContext, Transport } from './transport.ts'

/** What a route handler gets of a request. */
export type Call = {
  readonly ctx: RoutedContext
  /** Decoded path parameters. */
  readonly params: Readonly<Record<string, string>>
  /** Without its `?`. */
  readonly query: string
}

export type Route = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH' | 'OPTIONS'
  /** In the router's syntax, `/models/:model{/:version}`. */
  readonly path: string
  readonly doc: RouteDoc
  /** Undefined: the handler has sent its answer itself. */
  readonly answer: (call: Call) => Promise<Answer | undefined> | Answer | undefined
}

/** A route and who may use it. */
export type ScopedRoute = Route & { readonly scope: RouteScope }

export function scoped(scope: RouteScope, routes: readonly Route[]): ScopedRoute[] {
  return routes.map((route) => ({ ...route, scope }))
}

export type MountOptions = {
  readonly transport: Transport
  /** Absent: everybody may pass. */
  readonly gate?: Gate | undefined
  readonly hot?: readonly HotRoute[]
}

/** Predictions, which are nearly all traffic: matching one against every route costs as much as a small model. */
export type HotRoute = {
  /** Read from method and URL alone; undefined for what the router is to look at. */
  readonly modelOf: (req: IncomingMessage) => ModelSelector | undefined
  /**
   * Throws, instead of rejecting, for what it does not admit: answered in the turn in which its head came, a refusal
   * needs no microtask, and its body, which comes behind, passes no stream.
   */
  readonly answer: (ctx: RequestContext, model: ModelSelector) => Promise<void>
}

/** The routes as a middleware that answers, refuses a wrong method with `Allow`, or passes on. */
export function mountRoutes(
  routes: readonly ScopedRoute[],
  { transport, gate, hot = [] }: MountOptions,
): Mount {
  const router = new Router<RequestState>()
  const scopes = new Map<unknown, RouteScope>()
  for (const route of routes) {
    const layer = router.register(route.path, [route.method], routeMiddleware(route, transport, router))
    scopes.set(layer, route.scope)
  }
  // The router that will choose the route is asked: no spelling of a path can mean one route here and another there.
  const scopeOf = (ctx: RoutedContext) => scopes.get(router.match(ctx.path, ctx.method).pathAndMethod[0])
  // The router itself adds the `params` that its type asks of the context.
  const routing = router.routes() as Middleware<RequestState>
  const refusal = refuseOtherMethods(router, transport)
  const routed: Middleware<RequestState> = async (ctx, next) => {
    await routing(ctx, async () => {
      await refusal(ctx, next)
    })
  }
  return {
    middleware: async (ctx, next) => {
      gate?.(ctx, scopeOf(ctx))
      await routed(ctx, next)
    },
    hot: (ctx) => serveHot(ctx, hot, gate),
    routes: shownRoutes(routes),
  }
}

function serveHot(
  ctx: RequestContext,
  routes: readonly HotRoute[],
  gate: Gate | undefined,
): Promise<void> | undefined {
  for (const { modelOf, answer } of routes) {
    const model = modelOf(ctx.req)
    if (model === undefined) continue
    gate?.(ctx, 'inference')
    return answer(ctx, model)
  }
  return undefined
}

/** As people write them: `POST /predictions/{model}[/{version}]`. */
export function shownRoutes(routes: readonly Route[]): string[] {
  return routes.map(({ method, path }) => `${method} ${shown(path)}`)
}

function routeMiddleware({ method, answer }: Route, transport: Transport, router: Router<RequestState>) {
  return async (ctx: RoutedContext & { params: Record<string, string> }) => {
    const { model } = ctx.params
    if (model !== undefined) ctx.state.checkModel?.(model)
    if (method === 'OPTIONS') ctx.res.setHeader('allow', allowedMethods(router, ctx).join(', '))
    const result = await answer({ ctx, params: ctx.params, query: ctx.querystring })
    if (result !== undefined) transport.send(ctx, result)
  }
}

/** Reached when no route answered: a path that other methods know is 405, or tells its methods to `OPTIONS`. */
function refuseOtherMethods(router: Router<RequestState>, transport: Transport): Middleware<RequestState> {
  return async (ctx, next) => {
    const allowed = allowedMethods(router, ctx)
    if (allowed.length === 0) {
      await next()
      return
    }
    ctx.res.setHeader('allow', allowed.join(', '))
    if (ctx.method !== 'OPTIONS') throw methodNotAllowed(ctx.method, ctx.path, allowed)
    transport.send(ctx, { status: 204, headers: {}, body: '' })
  }
}

function allowedMethods(router: Router<RequestState>, { path, method }: RoutedContext): string[] {
  return [...new Set(router.match(path, method).path.flatMap((layer) => layer.methods))]
}

/** `/models/:model{/:version}` as people write it: `/models/{model}[/{version}]`; `/:model\\:predict` is `/{model}:predict`. */
function shown(path: string): string {
  return path
    .replaceAll('{', '[')
    .replaceAll('}', ']')
    .replace(/(?<!\\)[:*](\w+)/g, '{$1}')
    .replaceAll('\\', '')
}

/** Which model a path means. */
export function selectorOf({ model = '', version }: Call['params']): ModelSelector {
  return version === undefined ? { name: model } : { name: model, version }
}

/** Of a path that has both. */
export function modelIdOf({ model = '', version = '' }: Call['params']): ModelId {
  return { name: model, version }
}
