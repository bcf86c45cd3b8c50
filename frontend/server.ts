import { setTimeout as delay } from 'node:timers/promises'
import { composeMetrics, type ComposedMetrics } from './compose-metrics.ts'
import { coreOf, type HostProcess } from './compose-core.ts'
import { Fleet } from './compose-frontends.ts'
import type { Outside } from './compose-outside.ts'
import { Security } from './compose-security.ts'
import type { Config } from './config/schema.ts'
import { systemClock } from './core/clock.ts'
import type { Core } from './core/create-core.ts'
import { deferred } from './core/deferred.ts'
import type { StartupFailure } from './core/startup.ts'
import type { StartupNote } from './core/startup-notes.ts'
import { loadOf } from './core/version-load.ts'
import { lockState, type StateLock } from './core/state-lock.ts'
import { logEvents } from './observability/event-log.ts'
import { createLogger, type Logger } from './observability/logger.ts'
import { quirksOf } from './protocols/torchserve/quirks.ts'
import { findSample } from './find-sample.ts'
import type { Addresses } from './listeners.ts'
import { onePortOf, type OnePort } from './one-port.ts'
import { ServingError } from '../worker/contract/errors.ts'
import { removeRunRecord, writeRunRecord, type RunRecord } from './run-file.ts'
import { exampleRequest, startupReport } from './startup-report.ts'
import { usageLines } from './usage-examples.ts'
import { packageVersion } from './version.ts'

/** The sentence that scripts written for TorchServe wait for. */
const STARTED_MARKER = 'Model server started'
/** Listening waits no longer for the first worker process. */
const HEAD_START_MS = 200

/** The server: core, its listeners, its log. Started once, closed once. */
export class Server {
  readonly #config: Config
  readonly #host: HostProcess
  readonly #logger: Logger
  readonly #core: Core
  readonly #metrics: ComposedMetrics
  readonly #security: Security
  readonly #onePort: OnePort | undefined
  /** Absent: this process serves alone. */
  readonly #fleet: Fleet | undefined
  readonly #startedAt = new Date().toISOString()
  readonly #firstWorker = deferred<void>()
  #outside: Outside | undefined
  #listening: Promise<Addresses> | undefined
  #lock: StateLock | undefined
  #closed: Promise<void> | undefined

  /** @param notes what of the configuration was overlooked, a sentence each */
  constructor(config: Config, host: HostProcess, notes: readonly string[] = []) {
    this.#config = config
    this.#host = host
    this.#logger = createLogger(config)
    this.#fleet = config.frontends > 1 ? new Fleet(config, host) : undefined
    this.#core = coreOf(config, host, {
      sharing: this.#fleet?.sharing,
      onWorkerStart: () => {
        this.#firstWorker.resolve()
      },
    })
    for (const note of notes) this.#logger.log('warn', note)
    logEvents(this.#core.events, this.#logger)
    const { events } = this.#core
    const logger = this.#logger
    const hasQuirk = quirksOf(config.compatibility)
    const readVersions = () => this.#core.registry.all().map(loadOf)
    this.#metrics = composeMetrics(config, {
      events,
      readVersions,
      readStatistics: () => this.#core.dataPlane.statistics(),
      logger,
      hasQuirk,
    })
    this.#security = new Security({ config, environment: host.environment, logger, hasQuirk })
    this.#onePort = onePortOf(config)
  }

  /**
   * Listens, loads the models and logs what is served; resolves when all models are ready or have failed, or when
   * the server has been closed meanwhile.
   *
   * It listens while the models load: liveness answers at once, readiness when they are there.
   *
   * @throws ServingError `failed_precondition` when an address or the state directory is taken, or no saved state
   * is readable.
   */
  async start(): Promise<void> {
    this.#lock = await lockState(this.#config.stateDir, this.#host.pid)
    // Before anybody can ask whether the server is ready.
    this.#core.dataPlane.beginStartup()
    try {
      const notes: StartupNote[] = []
      const load = () => this.#core.load((note) => notes.push(note))
      // With other frontend processes, what they are told of the models by comes first.
      const loading = this.#fleet === undefined ? load() : undefined
      this.#listening = this.#listen(loading)
      const addresses = await this.#listening
      await this.#fleet?.start()
      const failures = await (loading ?? load())
      const { modelPaths, modelBasePath, modelConfigFile } = this.#config
      await this.#fleet?.settled()
      const explains = modelPaths.length > 0 || (modelBasePath !== '' && modelConfigFile === '')
      if (explains) refuseToServe(failures)
      if (this.#closed === undefined) await this.#report(addresses, { failures, notes, explains })
    } catch (error) {
      if (this.#closed === undefined) {
        await this.close()
        throw error
      }
    }
    await this.#closed
  }

  /** @param loading models, as far as that has begun */
  async #listen(loading: Promise<unknown> | undefined): Promise<Addresses> {
    if (loading !== undefined) await this.#headStart(loading)
    const { listen, outsideOf } = await import('./compose-outside.ts')
    const [core, logger, metrics, security] = [this.#core, this.#logger, this.#metrics, this.#security]
    const [onePort, fleet] = [this.#onePort, this.#fleet]
    this.#outside = outsideOf(this.#config, { core, logger, metrics, security, onePort, fleet })
    await fleet?.open()
    const addresses = await listen(this.#config, this.#outside.listeners, security)
    security.authorization.publishKeys()
    await metrics.start()
    await this.#record(addresses, 'starting')
    return addresses
  }

  /**
   * The modules of the listeners take half a second of this thread: a worker process that is started before uses it.
   * A load that fails is noticed by who waits for it.
   */
  async #headStart(loading: Promise<unknown>): Promise<void> {
    const isOver = new AbortController()
    const limit = delay(HEAD_START_MS, undefined, { signal: isOver.signal }).catch(() => undefined) // it is over
    await Promise.race([this.#firstWorker.promise, loading.catch(() => undefined), limit])
    isOver.abort()
  }

  /**
   * Ends in order: readiness fails, listeners stop accepting, accepted requests finish, workers end, logs are
   * flushed. Takes at most `drainTimeoutMs` and what the workers need to end.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const { drainTimeoutMs } = this.#config
    const endsAtMs = systemClock.nowMs() + drainTimeoutMs
    this.#logger.log(
      'info',
      `stopping: accepted requests get up to ${drainTimeoutMs / 1000} s to finish; a second signal ends at once`,
    )
    this.#core.dataPlane.announceShutdown()
    await this.#listening?.catch(() => undefined) // who started the server hears of it
    const listeners = Object.values(this.#outside?.listeners ?? {})
    await Promise.all(listeners.map((listener) => listener.close(drainTimeoutMs)))
    await this.#core.controlPlane.close(Math.max(0, endsAtMs - systemClock.nowMs()))
    this.#fleet?.remove()
    this.#security.close()
    if (this.#lock !== undefined) await removeRunRecord(this.#config.stateDir)
    await this.#lock?.release()
    await this.#metrics.close()
    await this.#outside?.oip.close()
    this.#logger.log('info', 'stopped')
    await this.#logger.flush()
  }

  async #report(addresses: Addresses, outcome: StartupOutcome): Promise<void> {
    for (const { message } of outcome.failures) this.#logger.log('error', `at the start: ${message}`)
    this.#logger.report([...(this.#fleet?.report ?? []), ...(await reportOf(this.#core, addresses, outcome))])
    await this.#record(addresses, 'started')
    this.#logger.log('info', STARTED_MARKER)
  }

  /** Leaves word of where it listens in the state directory, which is locked for it. */
  #record(addresses: Addresses, state: RunRecord['state']): Promise<void> {
    const { stateDir, drainTimeoutMs } = this.#config
    const { pid } = this.#host
    const startedAt = this.#startedAt
    return writeRunRecord(stateDir, {
      pid,
      version: packageVersion(),
      startedAt,
      state,
      addresses,
      drainTimeoutMs,
    })
  }
}

/** Whoever names models to serve wants these: a server without them is of no use. @throws ServingError */
function refuseToServe(failures: readonly StartupFailure[]): void {
  if (failures.length === 0) return
  const message = failures.map((failure) => failure.message).join('; ')
  throw new ServingError('failed_precondition', message, { reason: 'model_paths' })
}

type StartupOutcome = {
  readonly failures: readonly StartupFailure[]
  readonly notes: readonly StartupNote[]
  /** Whether whoever reads it has only just got the models, and is told how to call them. */
  readonly explains: boolean
}

async function reportOf(
  core: Core,
  addresses: Addresses,
  { failures, notes, explains }: StartupOutcome,
): Promise<string[]> {
  const versions = allVersions(core)
  const known = new Set([
    ...versions.map((version) => version.archive),
    ...failures.flatMap(({ missing }) =>
      typeof missing === 'object' && 'archive' in missing ? missing.archive : [],
    ),
  ])
  const unregistered = (await core.store.list()).filter((archive) => !known.has(archive))
  const example = versions
    .map((version) => exampleRequest(version, addresses.inference, findSample))
    .find(Boolean)
  return [
    ...startupReport({ addresses, versions, unregistered, notes, modelStore: core.store.directory }),
    ...(explains ? versions.flatMap((version) => usageLines(version, addresses)) : []),
    ...(example === undefined || explains ? [] : [`try: ${example}`]),
  ]
}

/** Every version of every model, as it stands. */
function allVersions({ controlPlane }: Core) {
  return controlPlane.list().flatMap(({ name }) => controlPlane.describe({ name, version: 'all' }))
}
