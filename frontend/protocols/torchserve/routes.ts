import type { ControlPlane } from '../../core/control-plane.ts'
import type { DataPlane } from '../../core/data-plane.ts'
import type { AccessCheck, AccessScope } from '../kernel/access.ts'
import { mountDialects, type Dialect } from '../kernel/dialect.ts'
import { healthRoutes } from './health-routes.ts'
import { inferenceRoutes, queryRoutes } from './inference-routes.ts'
import { labelRoutes } from './labels.ts'
import { managementRoutes, presenceRoute } from './management-routes.ts'
import { withManners } from './manners.ts'
import { metricsRoute, type RenderMetrics } from './metrics.ts'
import { openScopes } from './open-scopes.ts'
import { modelApiRoute, modelManagementApiRoute } from './openapi/model-api.ts'
import { SCHEMAS } from './openapi/schemas.ts'
import { hotPredictions } from './predictions.ts'
import type { HasQuirk } from './quirks.ts'
import { scoped, type ScopedRoute } from '../kernel/route-table.ts'
import type { SequenceHeaders } from '../kernel/request-head.ts'
import { tokenRoutes, type RenewKey } from './token-routes.ts'
import type { Mount, Transport } from '../kernel/transport.ts'
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

/** What an address is for, and what that needs. One address may be for several purposes. */
export type Purposes = {
  readonly inference?: InferenceOptions
  readonly management?: ManagementOptions
  readonly metrics?: MetricsOptions
}

/**
 * The routes of an address; it may serve several purposes, and other dialects beside this one. A path that no route
 * takes needs the token of the most powerful purpose.
 */
export function combinedMount(purposes: Purposes, others: readonly Dialect[] = []): Mount {
  const { inference, management, metrics } = purposes
  if (management !== undefined)
    return addressMount(purposes, { scope: 'management', options: management, others })
  if (inference !== undefined)
    return addressMount(purposes, { scope: 'inference', options: inference, others })
  if (metrics !== undefined) return addressMount(purposes, { scope: 'metrics', options: metrics, others })
  return { middleware: (_, next) => next() as Promise<void>, routes: [] } // for nothing
}

type Leading = {
  readonly scope: AccessScope
  readonly options: DialectOptions
  readonly others: readonly Dialect[]
}

function addressMount(purposes: Purposes, { scope, options, others }: Leading): Mount {
  const transport = withManners(options)
  const { access, hasQuirk, serverVersion } = options
  const purpose = Object.keys(purposes).join(' and ')
  return mountDialects([torchserveDialect(purposes, transport), ...others], {
    transport,
    serverVersion,
    title: hasQuirk('openApiNames') ? 'TorchServe APIs' : `OnnxServe ${purpose} API`,
    hasNoIndex: hasQuirk('rootNotAllowed'),
    access,
    scope,
    open: openScopes(scope, hasQuirk),
  })
}

function torchserveDialect(purposes: Purposes, transport: Transport): Dialect {
  const { management, inference, metrics } = purposes
  const predictions = inference === undefined ? undefined : { ...inference, transport }
  const healthOptions = management ?? inference
  return {
    routes: [
      ...(management === undefined ? [] : managementPart({ ...management, transport })),
      ...(predictions === undefined ? [] : inferencePart(predictions)),
      ...(hasPresence(purposes) ? scoped('management', [presenceRoute(purposes.management)]) : []),
      ...(metrics === undefined ? [] : scoped('metrics', [metricsRoute(metrics.renderMetrics)])),
      ...(healthOptions === undefined ? [] : scoped('health', healthRoutes(healthOptions))),
    ],
    // `/{model}/predict` must not take what is a route of its own.
    lastRoutes: predictions === undefined ? [] : scoped('inference', queryRoutes(predictions)),
    ...(predictions === undefined ? {} : { hot: hotPredictions(predictions) }),
    schemas: SCHEMAS,
  }
}

/** An address for inference has the routes of KServe, of this dialect or of another. */
function hasPresence(purposes: Purposes): purposes is Purposes & { readonly management: ManagementOptions } {
  const { management, inference } = purposes
  return management !== undefined && (inference === undefined || management.hasQuirk('v1Routes'))
}

function inferencePart(options: InferenceOptions): ScopedRoute[] {
  return [
    ...scoped('inference', inferenceRoutes(options)),
    ...scoped('inference', [modelApiRoute(options)]),
    ...scoped('inference', workflowPredictionRoutes()),
  ]
}

function managementPart(options: ManagementOptions): ScopedRoute[] {
  const ofModels = managementRoutes(options)
  return [
    ...scoped('management', ofModels),
    ...scoped('management', labelRoutes(options)),
    ...scoped('management', [modelManagementApiRoute(ofModels, options.dataPlane)]),
    ...scoped('management', workflowManagementRoutes()),
    ...scoped('admin', tokenRoutes(options.renewKey, options.hasQuirk)),
  ]
}
