import { SETTINGS, type Config } from './config/schema.ts'
import { systemClock } from './core/clock.ts'
import { createCore, type Core } from './core/create-core.ts'
import { lockState } from './core/state-lock.ts'
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
import { exampleRequest, startupReport } from './startup-report.ts'

/** What the server needs of the process that it runs in. */
export type HostProcess = {
  readonly pid: number
  readonly execPath: string
  readonly execArgv: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
}

export type RunningServer = {
  readonly addresses: Addresses
  /**
   * Ends in order: readiness fails, listeners stop accepting, accepted requests finish, workers end, logs are
   * flushed. Takes at most twice `drainTimeoutMs`.
   */
  close(): Promise<void>
}

type Addresses = { readonly inference: string; readonly management: string; readonly metrics: string }

type Listeners = Readonly<Record<keyof Addresses, HttpListener>>

/**
 * Builds the server, listens, loads its models and logs what is served; resolves when all models are ready or have
 * failed.
 *
 * It listens before the models load: liveness answers at once, readiness when they are there.
 *
 * @throws ServingError `failed_precondition` when an address or the state directory is taken, or no saved state
 * is readable.
 */
export async function startServer(config: Config, host: HostProcess): Promise<RunningServer> {
  const lock = await lockState(config.stateDir, host.pid)
  const logger = createLogger(config)
  const core = coreOf(config, host)
  logEvents(core.events, logger)
  const listeners = listenersOf(config, core, logger)
  const close = async () => {
    core.dataPlane.announceShutdown()
    await Promise.all(Object.values(listeners).map((listener) => listener.close(config.drainTimeoutMs)))
    await core.controlPlane.close(config.drainTimeoutMs)
    await lock.release()
    await logger.flush()
  }
  try {
    const addresses = await listen(config, listeners)
    const failures = await core.load()
    for (const line of await reportOf(core, addresses, failures)) logger.log('info', line)
    return { addresses, close }
  } catch (error) {
    await close()
    throw error
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

async function reportOf(core: Core, addresses: Addresses, failures: readonly string[]): Promise<string[]> {
  const versions = allVersions(core)
  const served = new Set(versions.map((version) => version.archive))
  const unregistered = (await core.store.list()).filter((archive) => !served.has(archive))
  const example = versions.map((version) => exampleRequest(version, addresses.inference)).find(Boolean)
  return [
    ...startupReport({ addresses, versions, unregistered, failures }),
    ...(example === undefined ? [] : [`try: ${example}`]),
  ]
}
