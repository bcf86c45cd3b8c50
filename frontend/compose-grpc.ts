import { SETTINGS, type Config } from './config/schema.ts'
import type { Core } from './core/create-core.ts'
import type { CoreEvents } from './core/events.ts'
import { GrpcListener, type GrpcOptions, type GrpcPolicy } from './grpc/listener.ts'
import type { GrpcService } from './grpc/service.ts'
import { listenError } from './http/listen-error.ts'
import { requestIdFrom } from './http/request-id.ts'
import type { Logger } from './observability/logger.ts'
import { healthSource } from './protocols/torchserve/grpc-health.ts'
import { inferenceService, managementService } from './protocols/torchserve/grpc.ts'
import { quirksOf } from './protocols/torchserve/quirks.ts'

export type GrpcListeners = { readonly grpcInference: GrpcListener; readonly grpcManagement: GrpcListener }

/** Where gRPC is served, as `host:port`. */
export type GrpcAddresses = { readonly grpcInference: string; readonly grpcManagement: string }

/** The events after which another health may be true; others are found by looking. */
const HEALTH_EVENTS = ['stateChanged', 'workerReady', 'workerProcessRestarted', 'versionRemoved'] as const

/** The listeners of gRPC with the dialect's services on each, unless it is switched off; none listens yet. */
export function grpcListenersOf(config: Config, core: Core, logger: Logger): Partial<GrpcListeners> {
  if (!config.enableGrpcApi) return {}
  const { dataPlane, controlPlane } = core
  const hasQuirk = quirksOf(config.compatibility)
  const common = {
    requestIdFrom,
    listenError,
    authorize: () => ({}),
    report: (error, requestId) => {
      logger.failure(error, requestId)
    },
    onAccess: (record) => {
      if (config.accessLog) logger.call(record)
    },
  } satisfies Partial<GrpcOptions>
  const listener = (service: GrpcService, policy: GrpcPolicy) =>
    new GrpcListener(
      { ...common, services: [service], health: healthSource(dataPlane, [service.name]) },
      policy,
    )
  const listeners = {
    grpcInference: listener(inferenceService({ dataPlane, hasQuirk }), inferencePolicy(config)),
    grpcManagement: listener(
      managementService({ dataPlane, controlPlane, hasQuirk }),
      managementPolicy(config),
    ),
  }
  announceHealth(core, listeners)
  return listeners
}

/** Starts what is there. @throws ServingError `failed_precondition` naming the address that cannot be had */
export async function listenGrpc(
  config: Config,
  { grpcInference, grpcManagement }: Partial<GrpcListeners>,
): Promise<Partial<GrpcAddresses>> {
  if (grpcInference === undefined || grpcManagement === undefined) return {}
  const { grpcInferenceAddress, grpcInferencePort, grpcManagementAddress, grpcManagementPort } = config
  return {
    grpcInference: await grpcInference.listen(
      { host: grpcInferenceAddress, port: grpcInferencePort },
      SETTINGS.grpcInferencePort.property,
    ),
    grpcManagement: await grpcManagement.listen(
      { host: grpcManagementAddress, port: grpcManagementPort },
      SETTINGS.grpcManagementPort.property,
    ),
  }
}

function inferencePolicy(config: Config): GrpcPolicy {
  return {
    ...config,
    maxConnectionAgeMs: config.grpcInferenceMaxConnectionAgeMs,
    maxConnectionAgeGraceMs: config.grpcInferenceMaxConnectionAgeGraceMs,
  }
}

function managementPolicy(config: Config): GrpcPolicy {
  return {
    ...config,
    maxConnectionAgeMs: config.grpcManagementMaxConnectionAgeMs,
    maxConnectionAgeGraceMs: config.grpcManagementMaxConnectionAgeGraceMs,
  }
}

function announceHealth({ events }: Core, { grpcInference, grpcManagement }: GrpcListeners): void {
  for (const event of HEALTH_EVENTS satisfies readonly (keyof CoreEvents)[]) {
    events.on(event, () => {
      grpcInference.announceHealth()
      grpcManagement.announceHealth()
    })
  }
}
