import { SETTINGS, type Config } from './config/schema.ts'
import { systemClock } from './core/clock.ts'
import { createCore, type Core } from './core/create-core.ts'
import type { StartupFailure } from './core/startup.ts'
import { lockState, type StateLock } from './core/state-lock.ts'
import { usableCpus } from './core/workers/cpu-quota.ts'
import { launchCommand, workerEnvironment } from './core/workers/launch-command.ts'
import { childProbe, ProbedProviders } from './core/workers/provider-findings.ts'
import { ChildWorkerProcess, type StartWorkerProcess } from './core/workers/worker-process.ts'
import type { AppOptions } from './http/app.ts'
import { HttpListener } from './http/listener.ts'
import { httpTransport } from './http/transport.ts'
import { logEvents } from './observability/event-log.ts'
import { createLogger, type Logger } from './observability/logger.ts'
import { Metrics } from './observability/metrics.ts'
import { inferenceMount, managementMount, metricsMount, renderError } from './protocols/torchserve/routes.ts'
import { findSample } from './find-sample.ts'
import { exampleRequest, startupReport } from './startup-report.ts'

/** What the server needs of the process that it runs in. */
export type HostProcess = {
  readonly pid: number
  readonly execPath: string
  readonly execArgv: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
}

type Addresses = { readonly inference: string; readonly management: string; readonly metrics: string }

type Listeners = Readonly<Record<keyof Addresses, HttpListener>>

/** The server: core, its listeners, its log. Started once, closed once. */
export class Server {
  readonly #config: Config
  readonly #host: HostProcess
  readonly #logger: Logger
  readonly #core: Core
  readonly #listeners: Listeners
  #lock: StateLock | undefined
  #closed: Promise<void> | undefined

  constructor(config: Config, host: HostProcess) {
    this.#config = config
    this.#host = host
    this.#logger = createLogger(config)
    this.#core = coreOf(config, host)
    logEvents(this.#core.events, this.#logger)
    this.#listeners = listenersOf(config, this.#core, this.#logger)
  }

  /**
   * Listens, loads the models and logs what is served; resolves when all models are ready or have failed, or when
   * the server has been closed meanwhile.
   *
   * It listens before the models load: liveness answers at once, readiness when they are there.
   *
   * @throws ServingError `failed_precondition` when an address or the state directory is taken, or no saved state
   * is readable.
   */
  async start(): Promise<void> {
    this.#lock = await lockState(this.#config.stateDir, this.#host.pid)
    try {
      const addresses = await listen(this.#config, this.#listeners)
      const failures = await this.#core.load()
      if (this.#closed === undefined) await this.#report(addresses, failures)
    } catch (error) {
      if (this.#closed === undefined) {
        await this.close()
        throw error
      }
    }
    await this.#closed
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
    await Promise.all(Object.values(this.#listeners).map((listener) => listener.close(drainTimeoutMs)))
    await this.#core.controlPlane.close(Math.max(0, endsAtMs - systemClock.nowMs()))
    await this.#lock?.release()
    this.#logger.log('info', 'stopped')
    await this.#logger.flush()
  }

  async #report(addresses: Addresses, failures: readonly StartupFailure[]): Promise<void> {
    for (const { message } of failures) this.#logger.log('error', `at the start: ${message}`)
    this.#logger.report(await reportOf(this.#core, addresses, failures))
  }
}

function coreOf(config: Config, host: HostProcess): Core {
  const { defaultWorkersPerModel, maxQueuedRequests, inferenceTimeoutMs, startupTimeoutMs, maxRequestBytes } =
    config
  const environment = workerEnvironment({
    environment: host.environment,
    extraEnvironment: config.workerEnvironment,
  })
  return createCore({
    modelStore: config.modelStore,
    stateDir: config.stateDir,
    defaults: {
      defaultWorkersPerModel,
      maxBatchRows: config.defaultMaxBatchRows,
      maxBatchDelayMs: config.defaultMaxBatchDelayMs,
      maxQueuedRequests,
      inferenceTimeoutMs,
      startupTimeoutMs,
      maxRequestBytes,
    },
    unregisterTimeoutMs: config.unregisterTimeoutMs,
    loadModels: config.loadModels,
    cpus: usableCpus(),
    findings: new ProbedProviders(childProbe(host, environment)),
    startProcess: startProcessOf(config, host),
    clock: systemClock,
    random: Math.random,
  })
}

function startProcessOf(config: Config, host: HostProcess): StartWorkerProcess {
  return (spec, modelBytes, listener) => {
    const command = launchCommand({
      spec,
      modelBytes,
      addressSpaceBytes: config.workerAddressSpaceBytes,
      extraEnvironment: config.workerEnvironment,
      ...host,
    })
    return new ChildWorkerProcess(command, spec, listener)
  }
}

function listenersOf(config: Config, core: Core, logger: Logger): Listeners {
  const { dataPlane, controlPlane, events } = core
  const metrics = new Metrics({ events, readVersions: () => allVersions(core) })
  const transport = httpTransport
  const listener = (mount: AppOptions['mounts'][number]) =>
    new HttpListener(
      {
        mounts: [mount],
        renderError,
        report: (error, requestId) => {
          logger.failure(error, requestId)
        },
        onAccess: (record) => {
          metrics.countResponse(record.status)
          if (config.accessLog) logger.access(record)
        },
      },
      config,
    )
  return {
    inference: listener(inferenceMount({ dataPlane, transport })),
    management: listener(managementMount({ dataPlane, controlPlane, transport })),
    metrics: listener(metricsMount({ transport, renderMetrics: () => metrics.render() })),
  }
}

async function listen(config: Config, listeners: Listeners): Promise<Addresses> {
  const { inferenceAddress, managementAddress, metricsAddress } = config
  return {
    inference: await listeners.inference.listen(inferenceAddress, SETTINGS.inferenceAddress.property),
    management: await listeners.management.listen(managementAddress, SETTINGS.managementAddress.property),
    metrics: await listeners.metrics.listen(metricsAddress, SETTINGS.metricsAddress.property),
  }
}

function allVersions({ controlPlane }: Core) {
  return controlPlane.list().flatMap(({ name }) => controlPlane.describe({ name, version: 'all' }))
}

async function reportOf(
  core: Core,
  addresses: Addresses,
  failures: readonly StartupFailure[],
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
    ...startupReport({ addresses, versions, unregistered }),
    ...(example === undefined ? [] : [`try: ${example}`]),
  ]
}
