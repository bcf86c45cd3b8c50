import { grpcListenersOf } from './compose-grpc.ts'
import type { ComposedMetrics } from './compose-metrics.ts'
import type { Fleet } from './compose-frontends.ts'
import { oipPartsOf, type OipParts } from './compose-oip.ts'
import type { Security } from './compose-security.ts'
import type { Config } from './config/schema.ts'
import type { Core, OutwardCore } from './core/create-core.ts'
import { ExtraPorts } from './extra-ports.ts'
import { listenersOf, type Listeners } from './listeners.ts'
import type { Logger } from './observability/logger.ts'
import type { OnePort } from './one-port.ts'

export { listen } from './listeners.ts'

/** What clients reach of the server. */
export type Outside = { readonly oip: OipParts; readonly listeners: Listeners }

export type OutsideParts = {
  readonly core: Core
  readonly logger: Logger
  readonly metrics: ComposedMetrics
  readonly security: Security
  readonly onePort: OnePort | undefined
  /** Absent: this process serves alone. */
  readonly fleet: Fleet | undefined
}

/** Everything between the core and its clients; nothing listens yet. */
export function outsideOf(config: Config, parts: OutsideParts): Outside {
  const { core, logger, security, onePort, fleet } = parts
  const outward: OutwardCore = {
    ...core,
    controlPlane: fleet?.controlPlaneOf(core.controlPlane) ?? core.controlPlane,
  }
  const oip = oipPartsOf(config, core, logger)
  const metrics = fleet?.metricsOf(parts.metrics) ?? parts.metrics
  const common = { logger, metrics, security, oip, onePort }
  const http = listenersOf(config, outward, common)
  const { countResponse } = parts.metrics
  const listeners = {
    ...(fleet?.join(http, { core, security, logger, countResponse }) ?? http),
    ...grpcListenersOf(config, outward, common),
  }
  return { oip, listeners: { ...listeners, extraPorts: new ExtraPorts(config, listeners) } }
}
