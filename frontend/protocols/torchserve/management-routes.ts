import type { ControlPlane } from '../../core/control-plane.ts'
import { describe, list, register, scale, setDefault, unregister } from './management.ts'
import { modelIdOf, selectorOf, type Route } from './route-table.ts'
import type { Transport } from './transport.ts'

/** Far more than all parameters need. */
const MAX_PARAMETER_BYTES = 64 * 1024

export type ManagementRouteOptions = { readonly controlPlane: ControlPlane; readonly transport: Transport }

/** Models and their workers, for operators. */
export function managementRoutes({ controlPlane, transport }: ManagementRouteOptions): Route[] {
  return [
    {
      method: 'POST',
      path: '/models',
      answer: async ({ ctx, query }) => {
        const body = await transport.readBody(ctx, MAX_PARAMETER_BYTES)
        return register(controlPlane, query, Buffer.from(body).toString())
      },
    },
    { method: 'GET', path: '/models', answer: ({ query }) => list(controlPlane, query) },
    {
      method: 'PUT',
      path: '/models/:model/:version/set-default',
      answer: ({ params, query }) => setDefault(controlPlane, modelIdOf(params), query),
    },
    {
      method: 'GET',
      path: '/models/:model{/:version}',
      answer: ({ params, query }) => describe(controlPlane, selectorOf(params), query),
    },
    {
      method: 'PUT',
      path: '/models/:model{/:version}',
      answer: ({ params, query }) => scale(controlPlane, selectorOf(params), query),
    },
    {
      method: 'DELETE',
      path: '/models/:model{/:version}',
      answer: ({ params, query }) => unregister(controlPlane, selectorOf(params), query),
    },
  ]
}
