import type { Config } from './config/schema.ts'
import { TOKEN_VARIABLES } from './config/settings/security.ts'
import type { ListenAddress } from './config/values.ts'
import type { ControlPlane } from './core/control-plane.ts'
import type { AppOptions } from './http/app.ts'
import { createCors, originsOf } from './http/cors.ts'
import type { Logger } from './observability/logger.ts'
import type { HasQuirk } from './protocols/torchserve/quirks.ts'
import { Authorization } from './security/authorization.ts'
import type { Authorizer, Scope } from './security/authorizer.ts'
import { modelApiOff } from './security/errors.ts'
import { listenerPolicy } from './security/listener-policy.ts'
import { RequestOriginCheck } from './security/request-origin.ts'
import { tokensFromEnvironment } from './security/supplied-tokens.ts'
import type { KnownToken } from './security/token.ts'
import { hasCertificate, httpsWithoutCertificate, TlsSource } from './security/tls-source.ts'

/** How long a key that `GET /token` replaced is still accepted, while clients change over. */
const KEY_OVERLAP_MS = 60_000

/** TorchServe's words, on each of its answers. */
const NO_CACHE_HEADERS = {
  pragma: 'no-cache',
  'cache-control': 'no-cache; no-store, must-revalidate, private',
  expires: 'Thu, 01 Jan 1970 00:00:00 UTC',
}

export type SecurityOptions = {
  readonly config: Config
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly logger: Logger
  readonly hasQuirk: HasQuirk
  /** Those that another process knows, or that it asks for none. Absent: this one finds out, and makes keys. */
  readonly tokens?: (() => readonly KnownToken[]) | 'none' | undefined
}

/** A listener as the policy sees it, of whatever protocol. */
export type ListenerPlan = {
  /** The setting that holds the address. */
  readonly setting: string
  readonly address: ListenAddress
  /** Whether its routes or services ask for tokens, where tokens are on. */
  readonly mayAskForTokens: boolean
}

/** Where a listener may listen. */
export type Admission = {
  /** Resolved: binding a name could reach another address than the one that was checked. */
  readonly address: ListenAddress
  /** Only this machine reaches it. */
  readonly isLocal: boolean
}

/** What stands before a listener's routes. */
export type ListenerGuard = {
  readonly before: NonNullable<AppOptions['before']>
  /** Told when it is known who can reach the listener. */
  readonly reachedBy: (who: { readonly isLocal: boolean }) => void
}

/** Tokens, certificates, and the one policy of all listeners, made from the settings. */
export class Security {
  readonly authorization: Authorization
  /** Absent: no certificate is set. */
  readonly tls: TlsSource | undefined
  readonly #options: SecurityOptions

  /** @throws ServingError `invalid_argument` for settings that contradict each other or name unusable files */
  constructor(options: SecurityOptions) {
    const { config, environment, logger, hasQuirk, tokens } = options
    const log = (level: 'info' | 'warn' | 'error', message: string) => {
      logger.log(level, message)
    }
    this.#options = options
    this.authorization = new Authorization({
      mode: tokens === undefined ? tokenMode(config) : tokens === 'none' ? 'off' : 'on',
      ...(typeof tokens === 'function' ? { tokens } : {}),
      tokenFile: config.tokenFile,
      environmentTokens: tokensFromEnvironment(environment, TOKEN_VARIABLES),
      keyFile: config.keyFile,
      expirationMinutes: config.tokenExpirationMinutes,
      overlapMs: hasQuirk('keyOverlap') ? 0 : KEY_OVERLAP_MS,
      scopes: scopesOf(config, hasQuirk),
      nowMs: Date.now,
      log,
    })
    this.tls = hasCertificate(config) ? new TlsSource(config, log) : undefined
  }

  /** What routes and services ask; undefined where nobody needs a token, so that nothing is asked. */
  get access(): Authorizer | undefined {
    return this.authorization.isOn ? this.authorization.authorizer : undefined
  }

  /**
   * Decides whether and where a listener may listen. The one place for all of them, HTTP or gRPC.
   *
   * @returns the address to bind, resolved, and whether only this machine reaches it
   * @throws ServingError `invalid_argument` for a listener that anybody could use
   */
  async admit({ setting, address, mayAskForTokens }: ListenerPlan): Promise<Admission> {
    const { config, logger } = this.#options
    const encrypted = isEncrypted(address)
    if (encrypted && this.tls === undefined) throw httpsWithoutCertificate(setting)
    const { host, isLocal, warnings } = await listenerPolicy(
      {
        setting,
        ...('host' in address ? { host: address.host } : {}),
        asksForTokens: this.authorization.isOn && mayAskForTokens,
        isOpenAsInTorchServe: this.authorization.isOn && !mayAskForTokens,
        encrypted,
        asksForCertificates: encrypted && this.tls?.asksForCertificates === true,
      },
      config,
    )
    for (const warning of warnings) logger.log('warn', warning)
    return { isLocal, address: 'host' in address ? { ...address, host: host ?? address.host } : address }
  }

  /** What an HTTP listener does before its routes: who may come from a web page, and under which name. */
  guard(key: 'inferenceAddress' | 'managementAddress' | 'metricsAddress'): ListenerGuard {
    const { config, hasQuirk } = this.#options
    const { corsAllowedOrigin: origins, corsAllowedMethods: methods, corsAllowedHeaders: headers } = config
    const check = new RequestOriginCheck({
      allowedHosts: config.allowedHosts,
      allowedOrigins: originsOf(origins),
    })
    const cors = createCors({ origins, methods, headers, isStatic: hasQuirk('staticCors') })
    const fixedHeaders = hasQuirk('cacheHeaders') ? Object.entries(NO_CACHE_HEADERS) : []
    return {
      before: (req, res) => {
        for (const [name, value] of fixedHeaders) res.setHeader(name, value)
        check.check(req)
        return cors?.(req, res)
      },
      reachedBy: ({ isLocal }) => {
        const address = config[key]
        const isManagement = key === 'managementAddress'
        const isOpen = !this.authorization.isOn
        // A rebound name is of no use to who has no token, nor where the certificate lacks it; management, where
        // models are code, is checked on this machine all the same.
        const mayBeRebound = isLocal
          ? isManagement || isOpen
          : isManagement && isOpen && !isEncrypted(address)
        check.checksHost = 'host' in address && (mayBeRebound || config.allowedHosts.length > 0)
      },
    }
  }

  /** Registering and unregistering are refused where that is switched off; the start is not concerned. */
  controlPlaneFor(controlPlane: ControlPlane): ControlPlane {
    if (this.#options.config.enableModelApi) return controlPlane
    const refuse = () => Promise.reject(modelApiOff())
    return {
      register: refuse,
      unregister: refuse,
      scale: (request) => controlPlane.scale(request),
      setDefault: (model) => controlPlane.setDefault(model),
      describe: (selector) => controlPlane.describe(selector),
      list: () => controlPlane.list(),
      setLabels: (name, labels) => controlPlane.setLabels(name, labels),
      setLabel: (model, label) => controlPlane.setLabel(model, label),
      removeLabel: (name, label) => controlPlane.removeLabel(name, label),
      labelsOf: (name) => controlPlane.labelsOf(name),
      index: () => controlPlane.index(),
      load: refuse,
      unload: refuse,
      applyModelConfig: refuse,
    }
  }

  close(): void {
    this.authorization.close()
    this.tls?.close()
  }
}

export function isEncrypted(address: ListenAddress): boolean {
  return 'tls' in address && address.tls === true
}

function tokenMode({ tokenAuthorization, disableTokenAuthorization }: Config): 'auto' | 'on' | 'off' {
  return disableTokenAuthorization ? 'off' : tokenAuthorization
}

/** What is asked for somewhere; renewing keys, which needs `admin`, makes no sense with tokens of the operator. */
function scopesOf({ enableMetricsApi }: Config, hasQuirk: HasQuirk): readonly Scope[] {
  const asksForMetrics = enableMetricsApi && !hasQuirk('openDocuments')
  return ['inference', 'management', ...(asksForMetrics ? (['metrics'] as const) : [])]
}
