import { modelPresence } from './health.ts'
import {
  describe,
  list,
  register,
  scale,
  setDefault,
  unregister,
  type ManagementPlanes,
} from './management.ts'
import { MANAGEMENT_DOCS } from './openapi/management-docs.ts'
import { modelIdOf, selectorOf, type Route } from '../kernel/route-table.ts'
import type { Transport } from '../kernel/transport.ts'

/** Far more than all parameters need. */
const MAX_PARAMETER_BYTES = 64 * 1024

export type ManagementRouteOptions = ManagementPlanes & { readonly transport: Transport }

/** Models and their workers, for operators. */
export function managementRoutes({ transport, ...planes }: ManagementRouteOptions): Route[] {
  return [
    {
      method: 'POST',
      path: '/models',
      doc: MANAGEMENT_DOCS.register,
      answer: async ({ ctx, query }) => {
        const body = await transport.readBody(ctx, MAX_PARAMETER_BYTES)
        return register(planes, { query, json: Buffer.from(body).toString() })
      },
    },
    {
      method: 'GET',
      path: '/models',
      doc: MANAGEMENT_DOCS.list,
      answer: ({ query }) => list(planes, query),
    },
    {
      method: 'PUT',
      path: '/models/:model/:version/set-default',
      doc: MANAGEMENT_DOCS.setDefault,
      answer: ({ params, query }) => setDefault(planes, modelIdOf(params), query),
    },
    {
      method: 'GET',
      path: '/models/:model{/:version}',
      doc: MANAGEMENT_DOCS.describe,
      answer: ({ ctx, params, query }) => {
        const { requestId, signal } = ctx.state
        return describe(planes, selectorOf(params), { query, requestId, signal })
      },
    },
    {
      method: 'PUT',
      path: '/models/:model{/:version}',
      doc: MANAGEMENT_DOCS.scale,
      answer: ({ params, query }) => scale(planes, selectorOf(params), query),
    },
    {
      method: 'DELETE',
      path: '/models/:model{/:version}',
      doc: MANAGEMENT_DOCS.unregister,
      answer: ({ params, query }) => unregister(planes, selectorOf(params), query),
    },
  ]
}

/** For KServe, where no other dialect of the address answers it. */
export function presenceRoute({ dataPlane }: Pick<ManagementPlanes, 'dataPlane'>): Route {
  return {
    method: 'GET',
    path: '/v1/models/:model',
    doc: MANAGEMENT_DOCS.presence,
    answer: ({ params }) => modelPresence(dataPlane, selectorOf(params)),
  }
}
