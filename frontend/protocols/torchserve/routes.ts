import type { ControlPlane } from '../../core/control-plane.ts'
import type { DataPlane, ModelSelector } from '../../core/data-plane.ts'
import { live, modelReady, ping, ready } from './health.ts'
import { describe, list, register, scale, setDefault, unregister } from './management.ts'
import { predict, predictionsFirst } from './predictions.ts'
import { mountRoutes, type Call, type Route } from './route-table.ts'
import type { Mount, Transport } from './transport.ts'

export { renderError } from './errors.ts'

/** Far more than all parameters need. */
const MAX_PARAMETER_BYTES = 64 * 1024

export type InferenceOptions = { readonly dataPlane: DataPlane; readonly transport: Transport }
export type ManagementOptions = InferenceOptions & { readonly controlPlane: ControlPlane }
export type MetricsOptions = {
  readonly transport: Transport
  readonly renderMetrics: () => Promise<{ readonly contentType: string; readonly body: string }>
}

/** The routes of the inference address. */
export function inferenceMount(options: InferenceOptions): Mount {
  const predictRoute = async ({ ctx, params }: Call) => {
    await predict(options, ctx, selectorOf(params))
    return undefined
  }
  const routes: Route[] = [
    { method: 'POST', path: '/predictions/:model{/:version}', answer: predictRoute },
    { method: 'PUT', path: '/predictions/:model{/:version}', answer: predictRoute },
    ...healthRoutes(options.dataPlane),
  ]
  return mountRoutes(routes, options.transport, predictionsFirst(options))
}

/** The routes of the management address; health too, for probes that may reach only this one. */
export function managementMount({ controlPlane, dataPlane, transport }: ManagementOptions): Mount {
  const routes: Route[] = [
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
    ...healthRoutes(dataPlane),
  ]
  return mountRoutes(routes, transport)
}

/** The route of the metrics address. */
export function metricsMount({ transport, renderMetrics }: MetricsOptions): Mount {
  const answer = async () => {
    const { contentType, body } = await renderMetrics()
    return { status: 200, headers: { 'content-type': contentType }, body }
  }
  return mountRoutes([{ method: 'GET', path: '/metrics', answer }], transport)
}

function healthRoutes(dataPlane: DataPlane): Route[] {
  return [
    { method: 'GET', path: '/ping', answer: () => ping(dataPlane) },
    { method: 'GET', path: '/live', answer: () => live() },
    { method: 'GET', path: '/ready', answer: () => ready(dataPlane) },
    {
      method: 'GET',
      path: '/ready/:model{/:version}',
      answer: ({ params }) => modelReady(dataPlane, selectorOf(params)),
    },
  ]
}

function selectorOf({ model = '', version }: Call['params']): ModelSelector {
  return version === undefined ? { name: model } : { name: model, version }
}

function modelIdOf({ model = '', version = '' }: Call['params']) {
  return { name: model, version }
}
