import type { ControlPlane } from '../../core/control-plane.ts'
import type { DataPlane } from '../../core/data-plane.ts'
import { accessGate, type AccessCheck, type AccessScope } from './access.ts'
import { apiRoutes } from './api-routes.ts'
import { healthRoutes } from './health-routes.ts'
import { inferenceRoutes, queryRoutes } from './inference-routes.ts'
import { managementRoutes } from './management-routes.ts'
import { withManners } from './manners.ts'
import { metricsRoute, type RenderMetrics } from './metrics.ts'
import { modelApiRoute, modelManagementApiRoute } from './openapi/model-api.ts'
import { predictionsFirst } from './predictions.ts'
import type { HasQuirk } from './quirks.ts'
import { mountRoutes, scoped, type ScopedRoute } from './route-table.ts'
import type { SequenceHeaders } from './request-head.ts'
import { tokenRoutes, type RenewKey } from './token-routes.ts'
import type { Mount, Transport } from './transport.ts'
import { workflowManagementRoutes, workflowPredictionRoutes } from './workflow-routes.ts'

export { errorRenderer, renderError } from './manners.ts'

/** How the dialect meets its callers: what carries its answers, and which oddities it keeps. */
export type DialectOptions = {
  readonly transport: Transport
  readonly hasQuirk: HasQuirk
  readonly serverVersion: string
  /** Absent: nobody needs a token. */
  readonly access?: AccessCheck | undefined
}
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
  readonly renewKey: RenewKey
}
export type MetricsOptions = DialectOptions & { readonly renderMetrics: RenderMetrics }

/** The routes of the inference address. */
export function inferenceMount(given: InferenceOptions): Mount {
  const options = { ...given, transport: withManners(given) }
  const routes = [
    ...scoped('inference', inferenceRoutes(options)),
    ...scoped('inference', [modelApiRoute(options)]),
    ...scoped('inference', workflowPredictionRoutes()),
    ...scoped('health', healthRoutes(options)),
    ...scoped('inference', queryRoutes(options)),
  ]
  const gate = accessGate({ ...options, scope: 'inference' })
  const all = [...apiOf('inference', routes, options), ...routes]
  return mountRoutes(all, { ...options, gate, first: predictionsFirst(options) })
}

/** The routes of the management address; health too, for probes that may reach only this one. */
export function managementMount(given: ManagementOptions): Mount {
  const options = { ...given, transport: withManners(given) }
  const ofModels = managementRoutes(options)
  const routes = [
    ...scoped('management', ofModels),
    ...scoped('management', [modelManagementApiRoute(ofModels, options.dataPlane)]),
    ...scoped('management', workflowManagementRoutes()),
    ...scoped('admin', tokenRoutes(given.renewKey, given.hasQuirk)),
    ...scoped('health', healthRoutes(options)),
  ]
  const all = [...apiOf('management', routes, options), ...routes]
  return mountRoutes(all, { ...options, gate: accessGate({ ...options, scope: 'management' }) })
}

/** The route of the metrics address. */
export function metricsMount({ renderMetrics, ...options }: MetricsOptions): Mount {
  const gate = accessGate({ ...options, scope: 'metrics' })
  const routes = scoped('metrics', [metricsRoute(renderMetrics)])
  const all = [...apiOf('metrics', routes, options), ...routes]
  return mountRoutes(all, { transport: withManners(options), gate })
}

function apiOf(purpose: AccessScope, routes: readonly ScopedRoute[], options: DialectOptions): ScopedRoute[] {
  return scoped('description', apiRoutes(routes, { purpose, ...options }))
}
