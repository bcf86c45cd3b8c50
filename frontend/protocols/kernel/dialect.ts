import { accessGate, type AccessCheck, type AccessScope, type RouteScope } from './access.ts'
import { apiRoutes } from './api-routes.ts'
import type { Schemas } from './openapi/document.ts'
import { SHARED_SCHEMAS } from './openapi/shared-schemas.ts'
import { mountRoutes, type HotRoute, type ScopedRoute } from './route-table.ts'
import type { Mount, Transport } from './transport.ts'

/** What a dialect serves on an address. */
export type Dialect = {
  readonly routes: readonly ScopedRoute[]
  /** Behind the routes of all dialects: their paths may begin with any word. */
  readonly lastRoutes?: readonly ScopedRoute[]
  /** Its route of most traffic, which the router does not see. */
  readonly hot?: HotRoute
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
  return mountRoutes([...own, ...routes], {
    transport: options.transport,
    gate: accessGate(options),
    hot: dialects.flatMap(({ hot = [] }) => hot),
  })
}
