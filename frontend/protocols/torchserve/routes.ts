import type { ControlPlane } from '../../core/control-plane.ts'
import type { DataPlane } from '../../core/data-plane.ts'
import { accessGate, type AccessCheck } from './access.ts'
import { healthRoutes } from './health-routes.ts'
import { inferenceRoutes } from './inference-routes.ts'
import { managementRoutes } from './management-routes.ts'
import { withManners } from './manners.ts'
import { metricsRoute, type RenderMetrics } from './metrics.ts'
import { predictionsFirst } from './predictions.ts'
import type { HasQuirk } from './quirks.ts'
import { mountRoutes, scoped } from './route-table.ts'
import type { Mount, Transport } from './transport.ts'

export { errorRenderer, renderError } from './manners.ts'

/** How the dialect meets its callers: what carries its answers, and which oddities it keeps. */
export type DialectOptions = {
  readonly transport: Transport
  readonly hasQuirk: HasQuirk
  /** Absent: nobody needs a token. */
  readonly access?: AccessCheck | undefined
}
export type InferenceOptions = DialectOptions & { readonly dataPlane: DataPlane }
export type ManagementOptions = InferenceOptions & { readonly controlPlane: ControlPlane }
export type MetricsOptions = DialectOptions & { readonly renderMetrics: RenderMetrics }

/** The routes of the inference address. */
export function inferenceMount(given: InferenceOptions): Mount {
  const options = { ...given, transport: withManners(given) }
  const routes = [
    ...scoped('inference', inferenceRoutes(options)),
    ...scoped('health', healthRoutes(options)),
  ]
  const gate = accessGate({ ...options, scope: 'inference' })
  return mountRoutes(routes, { ...options, gate, first: predictionsFirst(options) })
}

/** The routes of the management address; health too, for probes that may reach only this one. */
export function managementMount(given: ManagementOptions): Mount {
  const options = { ...given, transport: withManners(given) }
  const routes = [
    ...scoped('management', managementRoutes(options)),
    ...scoped('health', healthRoutes(options)),
  ]
  return mountRoutes(routes, { ...options, gate: accessGate({ ...options, scope: 'management' }) })
}

/** The route of the metrics address. */
export function metricsMount({ renderMetrics, ...options }: MetricsOptions): Mount {
  const gate = accessGate({ ...options, scope: 'metrics' })
  const routes = scoped('metrics', [metricsRoute(renderMetrics)])
  return mountRoutes(routes, { transport: withManners(options), gate })
}
