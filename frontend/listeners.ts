import type { Socket } from 'node:net'
import { errorRenderer, inferenceDialects } from './compose-dialects.ts'
import { admitGrpc, listenGrpc, type GrpcAddresses, type GrpcListeners } from './compose-grpc.ts'
import type { ComposedMetrics } from './compose-metrics.ts'
import type { OipParts } from './compose-oip.ts'
import { isEncrypted, type Admission, type ListenerGuard, type Security } from './compose-security.ts'
import { SETTINGS, type Config } from './config/schema.ts'
import type { ControlPlane } from './core/control-plane.ts'
import type { DataPlane } from './core/data-plane.ts'
import type { AppOptions } from './http/app.ts'
import { HttpListener } from './http/listener.ts'
import { httpTransport } from './http/transport.ts'
import type { Logger } from './observability/logger.ts'
import { quirksOf } from './protocols/torchserve/quirks.ts'
import { combinedMount, type Purposes } from './protocols/torchserve/routes.ts'
import type { ExtraPortName, ExtraPorts } from './extra-ports.ts'
import type { OnePort } from './one-port.ts'
import { sequenceHeadersOf } from './sequence-headers.ts'
import { packageVersion } from './version.ts'

/** Where each listener listens; those that are switched off are absent. */
export type Addresses = {
  readonly inference: string
  readonly management: string
  readonly metrics?: string
} & Partial<GrpcAddresses> &
  Partial<Readonly<Record<ExtraPortName, string>>>

/** A listener, and what it has to be told before it listens. */
export type GuardedListener = {
  readonly http: Pick<HttpListener, 'listen'>
  /** The same routes on a listener of its own, for requests that other processes of this server pass on. */
  readonly behindFrontends: () => HttpListener
  readonly guard: ListenerGuard
  readonly key: AddressKey
  /** Whether its routes ask for tokens, where tokens are on. */
  readonly mayAskForTokens: boolean
  accept(socket: Socket): void
  close(timeoutMs: number): Promise<void>
}

export type HttpListeners = Readonly<Record<'inference' | 'management', GuardedListener>> & {
  readonly metrics?: GuardedListener
}

export type Listeners = HttpListeners & Partial<GrpcListeners> & { readonly extraPorts?: ExtraPorts }

/** What the listeners tell of every request. */
export type Observers = {
  readonly logger: Logger
  readonly metrics: Pick<ComposedMetrics, 'render' | 'countResponse'>
}

const ADDRESS_KEYS = {
  inference: 'inferenceAddress',
  management: 'managementAddress',
  metrics: 'metricsAddress',
} as const

/** Connections of other processes of this server stay open, however long nothing comes. */
const TRUSTED = { keepAliveTimeoutMs: 0, maxConnections: 1_000_000 } as const

type Purpose = keyof typeof ADDRESS_KEYS
type AddressKey = (typeof ADDRESS_KEYS)[Purpose]

type ListenerParts = {
  readonly security: Security
  readonly oip: OipParts
  /** Absent: gRPC has ports of its own. */
  readonly onePort?: OnePort | undefined
}

/** The listeners with the dialect mounted on each; none listens yet. */
export function listenersOf(
  config: Config,
  core: { readonly dataPlane: DataPlane; readonly controlPlane: ControlPlane },
  { logger, metrics, security, oip, onePort }: Observers & ListenerParts,
): HttpListeners {
  const { dataPlane } = core
  const controlPlane = security.controlPlaneFor(core.controlPlane)
  const hasQuirk = quirksOf(config.compatibility)
  const renderError = errorRenderer(hasQuirk)
  const dialect = {
    transport: httpTransport,
    hasQuirk,
    serverVersion: packageVersion(),
    access: security.access,
  }
  const listener = (
    key: AddressKey,
    mount: AppOptions['mounts'][number],
    shared?: OnePort,
  ): GuardedListener => {
    const guard = security.guard(key)
    const tls = isEncrypted(config[key]) ? security.tls : undefined
    const options: AppOptions = {
      mounts: [mount],
      before: guard.before,
      renderError,
      compressMinBytes: config.compressMinBytes === 0 ? undefined : config.compressMinBytes,
      report: (error, requestId) => {
        logger.failure(error, requestId)
      },
      onAccess: (record) => {
        metrics.countResponse(record)
        if (config.accessLog) logger.access(record)
      },
    }
    const http = new HttpListener(options, { ...config, tls, onHttp2: shared?.onHttp2 })
    shared?.join({ http })
    const mayAskForTokens = key !== 'metricsAddress' || !hasQuirk('openDocuments')
    return {
      http,
      guard,
      key,
      mayAskForTokens,
      behindFrontends: () =>
        new HttpListener({ ...options, isBehindFrontends: true }, { ...config, ...TRUSTED }),
      accept: (socket) => {
        http.accept(socket)
      },
      close: (timeoutMs) => http.close(timeoutMs),
    }
  }
  const renewKey = security.authorization.rotate.bind(security.authorization)
  const purposes: Purposes = {
    inference: {
      dataPlane,
      maxRequestBytes: config.maxRequestBytes,
      sequenceHeaders: sequenceHeadersOf(config),
      ...dialect,
    },
    management: { dataPlane, controlPlane, renewKey, ...dialect },
    ...(config.enableMetricsApi ? { metrics: { ...dialect, renderMetrics: metrics.render } } : {}),
  }
  const shared = new Map<string, GuardedListener>()
  const listenerOf = (purpose: Purpose): GuardedListener => {
    const group = purposesAt(config, purpose).filter((each) => purposes[each] !== undefined)
    const [leading = purpose] = group
    const known = shared.get(leading)
    if (known !== undefined) return known
    const mount = combinedMount(
      Object.fromEntries(group.map((each) => [each, purposes[each]])),
      group.includes('inference') ? inferenceDialects({ dataPlane, controlPlane, config, oip }) : [],
    )
    const made = listener(ADDRESS_KEYS[leading], mount, group.includes('inference') ? onePort : undefined)
    shared.set(leading, made)
    return made
  }
  return {
    inference: listenerOf('inference'),
    management: listenerOf('management'),
    ...(purposes.metrics === undefined ? {} : { metrics: listenerOf('metrics') }),
  }
}

/**
 * The purposes that share an address with this one, itself included; first the one whose rules the listener follows.
 * Port 0 is another address each time.
 */
function purposesAt(config: Config, purpose: Purpose): Purpose[] {
  const isShared = (other: Purpose) => {
    const [mine, its] = [config[ADDRESS_KEYS[purpose]], config[ADDRESS_KEYS[other]]]
    const { kind } = SETTINGS[ADDRESS_KEYS[purpose]]
    return !('port' in mine && mine.port === 0) && kind.format(mine) === kind.format(its)
  }
  return (['management', 'inference', 'metrics'] as const).filter(
    (other) => other === purpose || isShared(other),
  )
}

/**
 * Starts them all: the policy decides on each before the first one listens.
 *
 * @throws ServingError `invalid_argument` for one that anybody could use | `failed_precondition` for an address that
 * cannot be had
 */
export async function listen(config: Config, listeners: Listeners, security: Security): Promise<Addresses> {
  const { inference, management, metrics } = listeners
  const admitted = new Map<GuardedListener, Admission>()
  const grpc = await admitGrpc(config, security)
  for (const listener of new Set([inference, management, ...(metrics === undefined ? [] : [metrics])])) {
    const { key, mayAskForTokens } = listener
    const { property: setting } = SETTINGS[key]
    admitted.set(listener, await security.admit({ setting, address: config[key], mayAskForTokens }))
  }
  const urls = new Map<GuardedListener, string>()
  const start = async (listener: GuardedListener) => {
    const known = urls.get(listener)
    if (known !== undefined) return known
    const decision = admitted.get(listener)
    listener.guard.reachedBy({ isLocal: decision?.isLocal ?? true })
    const { property: setting } = SETTINGS[listener.key]
    const url = await listener.http.listen(decision?.address ?? config[listener.key], setting)
    urls.set(listener, url)
    return url
  }
  const inferenceUrl = await start(inference)
  const addresses = {
    inference: inferenceUrl,
    management: await start(management),
    ...(metrics === undefined ? {} : { metrics: await start(metrics) }),
    ...(config.onePort ? { grpcInference: targetOf(inferenceUrl) } : {}),
    ...(await listenGrpc(grpc, listeners)),
  }
  return { ...addresses, ...(await listeners.extraPorts?.listen(addresses)) }
}

/** An address as gRPC clients take it. */
function targetOf(url: string): string {
  return url.replace(/^https?:\/\//, '')
}
