import { grpcListenersOf, listenGrpc, type GrpcAddresses, type GrpcListeners } from './compose-grpc.ts'
import type { ComposedMetrics } from './compose-metrics.ts'
import { SETTINGS, type Config } from './config/schema.ts'
import type { Core } from './core/create-core.ts'
import type { AppOptions } from './http/app.ts'
import { HttpListener } from './http/listener.ts'
import { httpTransport } from './http/transport.ts'
import type { Logger } from './observability/logger.ts'
import { quirksOf } from './protocols/torchserve/quirks.ts'
import {
  errorRenderer,
  inferenceMount,
  managementMount,
  metricsMount,
} from './protocols/torchserve/routes.ts'
import { packageVersion } from './version.ts'

/** Where each listener listens; those that are switched off are absent. */
export type Addresses = {
  readonly inference: string
  readonly management: string
  readonly metrics?: string
} & Partial<GrpcAddresses>

export type Listeners = Readonly<Record<'inference' | 'management', HttpListener>> & {
  readonly metrics?: HttpListener
} & Partial<GrpcListeners>

/** What the listeners tell of every request. */
export type Observers = { readonly logger: Logger; readonly metrics: ComposedMetrics }

/** The listeners with the dialect mounted on each; none listens yet. */
export function listenersOf(config: Config, core: Core, { logger, metrics }: Observers): Listeners {
  const { dataPlane, controlPlane } = core
  const hasQuirk = quirksOf(config.compatibility)
  const renderError = errorRenderer(hasQuirk)
  const dialect = { transport: httpTransport, hasQuirk, serverVersion: packageVersion() }
  const listener = (mount: AppOptions['mounts'][number]) =>
    new HttpListener(
      {
        mounts: [mount],
        renderError,
        report: (error, requestId) => {
          logger.failure(error, requestId)
        },
        onAccess: (record) => {
          metrics.countResponse(record)
          if (config.accessLog) logger.access(record)
        },
      },
      config,
    )
  return {
    inference: listener(inferenceMount({ dataPlane, maxRequestBytes: config.maxRequestBytes, ...dialect })),
    management: listener(managementMount({ dataPlane, controlPlane, ...dialect })),
    ...(config.enableMetricsApi
      ? { metrics: listener(metricsMount({ ...dialect, renderMetrics: metrics.render })) }
      : {}),
    ...grpcListenersOf(config, core, logger),
  }
}

/** Starts them all. @throws ServingError `failed_precondition` naming the address that cannot be had */
export async function listen(config: Config, listeners: Listeners): Promise<Addresses> {
  const { inferenceAddress, managementAddress, metricsAddress } = config
  const addresses = {
    inference: await listeners.inference.listen(inferenceAddress, SETTINGS.inferenceAddress.property),
    management: await listeners.management.listen(managementAddress, SETTINGS.managementAddress.property),
  }
  const metrics = await listeners.metrics?.listen(metricsAddress, SETTINGS.metricsAddress.property)
  return {
    ...addresses,
    ...(metrics === undefined ? {} : { metrics }),
    ...(await listenGrpc(config, listeners)),
  }
}

/** Every version of every model, as it stands. */
export function allVersions({ controlPlane }: Core) {
  return controlPlane.list().flatMap(({ name }) => controlPlane.describe({ name, version: 'all' }))
}
