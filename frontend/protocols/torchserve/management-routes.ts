import type { ControlPlane } from '../../core/control-plane.ts'
import type { DataPlane } from '../../core/data-plane.ts'
import { modelPresence } from './health.ts'
import { describe, list, register, scale, setDefault, unregister } from './management.ts'
import { modelIdOf, selectorOf, type Route } from './route-table.ts'
import type { Transport } from './transport.ts'

/** Far more than all parameters need. */
const MAX_PARAMETER_BYTES = 64 * 1024

export type ManagementRouteOptions = {
  readonly controlPlane: ControlPlane
  readonly dataPlane: DataPlane
  readonly transport: Transport
}

/** Models and their workers, for operators. */
export function managementRoutes({ controlPlane, dataPlane, transport }: ManagementRouteOptions): Route[] {
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
    {
      method: 'GET',
      path: '/v1/models/:model',
      answer: ({ params }) => modelPresence(dataPlane, selectorOf(params)),
    },
  ]
}
