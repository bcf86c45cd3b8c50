import type { Middleware } from 'koa'
import { accessGate, type AccessCheck, type AccessScope, type RouteScope } from './access.ts'
import { apiRoutes } from './api-routes.ts'
import type { Schemas } from './openapi/document.ts'
import { SHARED_SCHEMAS } from './openapi/shared-schemas.ts'
import { mountRoutes, type ScopedRoute } from './route-table.ts'
import type { Mount, RequestState, Transport } from './transport.ts'

/** What a dialect serves on an address. */
export type Dialect = {
  readonly routes: readonly ScopedRoute[]
  /** Behind the routes of all dialects: their paths may begin with any word. */
  readonly lastRoutes?: readonly ScopedRoute[]
  /** Sees a request before the router does, and passes on what it leaves to it: for the routes of most traffic. */
  readonly first?: Middleware<RequestState>
  /** What its routes' docs refer to. */
  readonly schemas: Schemas
}

export type AddressOptions = {
  readonly transport: Transport
  readonly serverVersion: string
  /** Of the description of the address. */
  readonly title: string
  readonly hasNoIndex: boolean
  /** Absent: nobody needs a token. */
  readonly access?: AccessCheck | undefined
  /** What a path that no route takes asks for. */
  readonly scope: AccessScope
  /** Routes that need no token. */
  readonly open: ReadonlySet<RouteScope>
}

/**
 * The routes of an address as one table, whatever dialects they belong to: a path has its methods from all of them,
 * each route asks for its own token, and one document describes them all.
 */
export function mountDialects(dialects: readonly Dialect[], options: AddressOptions): Mount {
  const routes = [
    ...dialects.flatMap((dialect) => dialect.routes),
    ...dialects.flatMap(({ lastRoutes = [] }) => lastRoutes),
  ]
  const schemas = Object.assign({}, SHARED_SCHEMAS, ...dialects.map((dialect) => dialect.schemas)) as Schemas
  const own = apiRoutes(routes, { ...options, schemas }).map((route) => ({
    ...route,
    scope: 'description' as const,
  }))
  const firsts = dialects.flatMap(({ first = [] }) => first)
  return mountRoutes([...own, ...routes], {
    transport: options.transport,
    gate: accessGate(options),
    first: firsts.length === 0 ? undefined : inOrder(firsts),
  })
}

/** Each may answer, or pass on to the next. */
function inOrder([first, ...others]: readonly Middleware<RequestState>[]): Middleware<RequestState> {
  if (first === undefined) return (_, next) => next() as Promise<void> // koa types every result as any
  if (others.length === 0) return first
  const rest = inOrder(others)
  return (ctx, next) => first(ctx, () => rest(ctx, next) as Promise<void>) as Promise<void>
}
