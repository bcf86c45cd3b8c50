import type { ControlPlane } from '../../core/control-plane.ts'
import type { DataPlane } from '../../core/data-plane.ts'
import { apiRoutes } from './api-routes.ts'
import { healthRoutes } from './health-routes.ts'
import { inferenceRoutes, queryRoutes } from './inference-routes.ts'
import { managementRoutes } from './management-routes.ts'
import { withManners } from './manners.ts'
import { predictionsFirst } from './predictions.ts'
import type { HasQuirk } from './quirks.ts'
import { mountRoutes, type Route } from './route-table.ts'
import type { SequenceHeaders } from './request-head.ts'
import type { Mount, Transport } from './transport.ts'
import { workflowManagementRoutes, workflowPredictionRoutes } from './workflow-routes.ts'

export { errorRenderer, renderError } from './manners.ts'

/** How the dialect meets its callers: what carries its answers, and which oddities it keeps. */
export type DialectOptions = { readonly transport: Transport; readonly hasQuirk: HasQuirk }
export type InferenceOptions = DialectOptions & {
  readonly dataPlane: DataPlane
  /** Of a body that has to be read before its model is known. */
  readonly maxRequestBytes: number
  /** TorchServe's unless given. */
  readonly sequenceHeaders?: SequenceHeaders
}
export type ManagementOptions = DialectOptions & {
  readonly dataPlane: DataPlane
  readonly controlPlane: ControlPlane
}
export type MetricsOptions = DialectOptions & {
  readonly renderMetrics: () => Promise<{ readonly contentType: string; readonly body: string }>
}

/** The routes of the inference address. */
export function inferenceMount(given: InferenceOptions): Mount {
  const options = { ...given, transport: withManners(given) }
  const routes = [
    ...inferenceRoutes(options),
    ...workflowPredictionRoutes(),
    ...healthRoutes(options),
    ...queryRoutes(options),
  ]
  return mountRoutes(
    [...apiRoutes(routes, options.hasQuirk), ...routes],
    options.transport,
    predictionsFirst(options),
  )
}

/** The routes of the management address; health too, for probes that may reach only this one. */
export function managementMount(given: ManagementOptions): Mount {
  const options = { ...given, transport: withManners(given) }
  const routes = [...managementRoutes(options), ...workflowManagementRoutes(), ...healthRoutes(options)]
  return mountRoutes([...apiRoutes(routes, options.hasQuirk), ...routes], options.transport)
}

/** The route of the metrics address. */
export function metricsMount({ renderMetrics, ...options }: MetricsOptions): Mount {
  const answer = async () => {
    const { contentType, body } = await renderMetrics()
    return { status: 200, headers: { 'content-type': contentType }, body }
  }
  const routes: Route[] = [{ method: 'GET', path: '/metrics', answer }]
  return mountRoutes([...apiRoutes(routes, options.hasQuirk), ...routes], withManners(options))
}
