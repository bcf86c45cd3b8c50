import type { OipParts } from './compose-oip.ts'
import type { Admission, Security } from './compose-security.ts'
import { SETTINGS, type Config } from './config/schema.ts'
import type { ControlPlane } from './core/control-plane.ts'
import type { OutwardCore } from './core/create-core.ts'
import type { DataPlane } from './core/data-plane.ts'
import type { CoreEvents } from './core/events.ts'
import { GrpcListener, type GrpcOptions, type GrpcPolicy } from './grpc/listener.ts'
import { encode } from './grpc/proto/definitions.ts'
import type { GrpcService } from './grpc/service.ts'
import { listenError } from './http/listen-error.ts'
import { requestIdFrom } from './http/request-id.ts'
import type { Logger } from './observability/logger.ts'
import { healthSource } from './protocols/torchserve/grpc-health.ts'
import { inferenceService, managementService } from './protocols/torchserve/grpc.ts'
import { quirksOf } from './protocols/torchserve/quirks.ts'
import type { OnePort } from './one-port.ts'
import { httpsWithoutCertificate } from './security/tls-source.ts'
import { oipService } from './protocols/oip/grpc.ts'
import { tfServingServices } from './protocols/tfserving/grpc.ts'
import { secureServerOf } from './security/tls-server.ts'
import { sequenceHeadersOf } from './sequence-headers.ts'
import { packageVersion } from './version.ts'

type Planes = { readonly dataPlane: DataPlane; readonly controlPlane: ControlPlane }

export type GrpcListeners = { readonly grpcInference: GrpcListener; readonly grpcManagement: GrpcListener }

/** Where gRPC is served, as `host:port`. */
export type GrpcAddresses = { readonly grpcInference: string; readonly grpcManagement: string }

/** The events after which another health may be true; others are found by looking. */
const HEALTH_EVENTS = ['stateChanged', 'workerReady', 'workerProcessRestarted', 'versionRemoved'] as const

type GrpcParts = {
  readonly logger: Logger
  readonly security: Security
  readonly oip: OipParts
  /** Gives predictions their connections; absent: they have a port of their own. */
  readonly onePort?: OnePort | undefined
}

/** The listeners of gRPC with the dialect's services on each, unless it is switched off; none listens yet. */
export function grpcListenersOf(
  config: Config,
  core: OutwardCore,
  { logger, security, oip, onePort }: GrpcParts,
): Partial<GrpcListeners> {
  if (!config.enableGrpcApi) return {}
  const { dataPlane } = core
  const controlPlane = security.controlPlaneFor(core.controlPlane)
  const hasQuirk = quirksOf(config.compatibility)
  const common = {
    requestIdFrom,
    listenError,
    ...secureServer(config, security),
    report: (error, requestId) => {
      logger.failure(error, requestId)
    },
    onAccess: (record) => {
      if (config.accessLog) logger.call(record)
    },
  } satisfies Partial<GrpcOptions>
  const { authorizer } = security.authorization
  const listener = (
    scope: 'inference' | 'management',
    services: readonly GrpcService[],
    policy: GrpcPolicy,
  ) =>
    new GrpcListener(
      {
        ...common,
        onOtherRequest: scope === 'inference' ? onePort?.onOtherRequest : undefined,
        authorize: (caller, asked) => authorizer.check(caller, asked.scope ?? scope, asked.model),
        services,
        health: healthSource(
          dataPlane,
          services.map(({ name }) => name),
        ),
      },
      policy,
    )
  const listeners = {
    grpcInference: listener(
      'inference',
      inferenceServices(config, { dataPlane, controlPlane, oip }),
      inferencePolicy(config),
    ),
    grpcManagement: listener(
      'management',
      [managementService({ dataPlane, controlPlane, hasQuirk })],
      managementPolicy(config),
    ),
  }
  onePort?.join({ grpc: listeners.grpcInference })
  announceHealth(core, listeners)
  return listeners
}

/** What every dialect serves beside predictions over HTTP. */
function inferenceServices(
  config: Config,
  { oip, ...planes }: Planes & { readonly oip: OipParts },
): GrpcService[] {
  const hasQuirk = quirksOf(config.compatibility)
  return [
    inferenceService({ ...planes, hasQuirk, sequenceHeaders: sequenceHeadersOf(config) }),
    oipService({
      ...planes,
      serverVersion: packageVersion(),
      logSettings: oip.logSettings,
      traceSettings: oip.traceSettings,
      readParameters: oip.readGrpcParameters,
      isHealthOpen: !hasQuirk('healthToken'),
    }),
    ...tfServingServices({ ...planes, encode, answersRaw: config.enableSerializationAsTensorContent }),
  ]
}

/** Where the policy of all listeners lets gRPC listen; empty when it is switched off. */
export type GrpcAdmissions = Partial<Readonly<Record<keyof GrpcListeners, Admission>>>

/** @throws ServingError `invalid_argument` for an address on which anybody could use the services */
export async function admitGrpc(config: Config, security: Security): Promise<GrpcAdmissions> {
  if (!config.enableGrpcApi) return {}
  const { grpcInferenceAddress, grpcInferencePort, grpcManagementAddress, grpcManagementPort } = config
  const admit = (key: 'grpcInferenceAddress' | 'grpcManagementAddress', host: string, port: number) =>
    security.admit({
      setting: SETTINGS[key].property,
      address: { host, port, ...(config.enableGrpcSsl ? { tls: true } : {}) },
      mayAskForTokens: true,
    })
  const inference = config.onePort
    ? {}
    : { grpcInference: await admit('grpcInferenceAddress', grpcInferenceAddress, grpcInferencePort) }
  return {
    ...inference,
    grpcManagement: await admit('grpcManagementAddress', grpcManagementAddress, grpcManagementPort),
  }
}

/** Starts what is admitted. @throws ServingError `failed_precondition` naming the address that cannot be had */
export async function listenGrpc(
  admissions: GrpcAdmissions,
  { grpcInference, grpcManagement }: Partial<GrpcListeners>,
): Promise<Partial<GrpcAddresses>> {
  const start = (
    listener: GrpcListener,
    admission: Admission,
    key: 'grpcInferencePort' | 'grpcManagementPort',
  ) => listener.listen(tcpAddress(admission), SETTINGS[key].property)
  const { grpcInference: inference, grpcManagement: management } = admissions
  return {
    ...(grpcInference === undefined || inference === undefined
      ? {}
      : { grpcInference: await start(grpcInference, inference, 'grpcInferencePort') }),
    ...(grpcManagement === undefined || management === undefined
      ? {}
      : { grpcManagement: await start(grpcManagement, management, 'grpcManagementPort') }),
  }
}

function tcpAddress({ address }: Admission): { host: string; port: number } {
  if (!('host' in address)) throw new Error('gRPC listens where it was admitted')
  return { host: address.host, port: address.port }
}

function secureServer({ enableGrpcSsl, headersTimeoutMs }: Config, { tls }: Security) {
  if (!enableGrpcSsl) return {}
  if (tls === undefined) throw httpsWithoutCertificate(SETTINGS.enableGrpcSsl.property)
  return { secureServer: secureServerOf(tls, headersTimeoutMs) }
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

function announceHealth({ events }: OutwardCore, { grpcInference, grpcManagement }: GrpcListeners): void {
  for (const event of HEALTH_EVENTS satisfies readonly (keyof CoreEvents)[]) {
    events.on(event, () => {
      grpcInference.announceHealth()
      grpcManagement.announceHealth()
    })
  }
}
