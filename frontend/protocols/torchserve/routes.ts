import type { ControlPlane } from '../../core/control-plane.ts'
import type { DataPlane, ModelSelector } from '../../core/data-plane.ts'
import { live, modelReady, ping, ready } from './health.ts'
import { describe, list, register, scale, setDefault, unregister } from './management.ts'
import { withManners } from './manners.ts'
import { predict, predictionsFirst } from './predictions.ts'
import type { HasQuirk } from './quirks.ts'
import { mountRoutes, type Call, type Route } from './route-table.ts'
import type { Mount, Transport } from './transport.ts'

export { errorRenderer, renderError } from './manners.ts'

/** Far more than all parameters need. */
const MAX_PARAMETER_BYTES = 64 * 1024

/** How the dialect meets its callers: what carries its answers, and which oddities it keeps. */
export type DialectOptions = { readonly transport: Transport; readonly hasQuirk: HasQuirk }
export type InferenceOptions = DialectOptions & { readonly dataPlane: DataPlane }
export type ManagementOptions = InferenceOptions & { readonly controlPlane: ControlPlane }
export type MetricsOptions = DialectOptions & {
  readonly renderMetrics: () => Promise<{ readonly contentType: string; readonly body: string }>
}

/** The routes of the inference address. */
export function inferenceMount(given: InferenceOptions): Mount {
  const options = { ...given, transport: withManners(given) }
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
export function managementMount(options: ManagementOptions): Mount {
  const { controlPlane, dataPlane } = options
  const transport = withManners(options)
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
export function metricsMount({ renderMetrics, ...options }: MetricsOptions): Mount {
  const answer = async () => {
    const { contentType, body } = await renderMetrics()
    return { status: 200, headers: { 'content-type': contentType }, body }
  }
  return mountRoutes([{ method: 'GET', path: '/metrics', answer }], withManners(options))
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
