import type { RequestContext } from './transport.ts'

/** What a token has to be for. `admin` rotates keys. */
export type AccessScope = 'inference' | 'management' | 'metrics' | 'admin'

/** Who may use a route: the holders of such a token, or everybody who asks how the server is or what it offers. */
export type RouteScope = AccessScope | 'health' | 'description'

/** What dialects need of the authorization; `frontend/security` has it, the composition root hands it over. */
export type AccessCheck = {
  /** @throws ServingError `unauthenticated` | `permission_denied` | `resource_exhausted` */
  check(
    caller: { readonly authorization: string | undefined; readonly remoteAddress: string | undefined },
    scope: AccessScope,
    model?: string,
  ): { readonly models?: ReadonlySet<string> }
}

export type AccessOptions = {
  /** Absent: nobody needs a token. */
  readonly access?: AccessCheck | undefined
  /** What a request needs that no route takes: who may not enter does not learn which routes there are. */
  readonly scope: AccessScope
  /** Routes that need no token. */
  readonly open: ReadonlySet<RouteScope>
}

/** Lets a request pass to its route, or throws. */
export type Gate = (ctx: RequestContext, scope: RouteScope | undefined) => void

/** The gate before all routes of a mount; undefined where nobody needs a token. */
export function accessGate({ access, scope: mountScope, open }: AccessOptions): Gate | undefined {
  if (access === undefined) return undefined
  return (ctx, routeScope = mountScope) => {
    if (open.has(routeScope)) return
    const scope = routeScope === 'health' || routeScope === 'description' ? mountScope : routeScope
    const caller = {
      authorization: ctx.req.headers.authorization,
      remoteAddress: ctx.state.remoteAddress ?? ctx.req.socket.remoteAddress,
    }
    const { models } = access.check(caller, scope)
    if (models === undefined) return
    ctx.state.checkModel = (model) => {
      access.check(caller, scope, model)
    }
  }
}
