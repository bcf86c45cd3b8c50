import { join } from 'node:path'
import type { LoadSpec } from '../worker/contract/messages.ts'
import type { Config } from './config/schema.ts'
import { systemClock } from './core/clock.ts'
import { createCore, type Core, type CoreOptions, type RepositoryOptions } from './core/create-core.ts'
import { residentBytes } from './core/process-memory.ts'
import { freeMemoryBytes } from './core/workers/free-memory.ts'
import type { SettingDefaults } from './core/settings.ts'
import { usableCpus } from './core/workers/cpu-quota.ts'
import { listDirectory, visibleGpus } from './core/workers/gpu-count.ts'
import { launchCommand, workerEnvironment, type LaunchCommand } from './core/workers/launch-command.ts'
import { linuxPriority } from './core/workers/process-priority.ts'
import { childProbe, ProbedProviders } from './core/workers/provider-findings.ts'
import { quietStart } from './core/workers/quiet-start.ts'
import { childPreparation, graphEnvironment } from './core/workers/run-preparation.ts'
import {
  ChildWorkerProcess,
  type StartWorkerProcess,
  type WorkerProcess,
  type WorkerProcessListener,
} from './core/workers/worker-process.ts'

import { ArchiveFetcher } from './download/archive-fetcher.ts'
import { quirksOf } from './protocols/torchserve/quirks.ts'

/** What the server needs of the process that it runs in. */
export type HostProcess = {
  readonly pid: number
  readonly execPath: string
  readonly execArgv: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** What is different where several frontend processes serve the models. */
export type Sharing = {
  readonly start: (command: LaunchCommand, spec: LoadSpec, listener: WorkerProcessListener) => WorkerProcess
  readonly beforeStop: NonNullable<CoreOptions['beforeStop']>
}

export type CoreParts = {
  /** Absent: this process serves the models alone. */
  readonly sharing?: Sharing | undefined
  /** Called whenever a worker process was started. */
  readonly onWorkerStart?: () => void
}

/** The core as this configuration wants it; it starts worker processes with this process' own program. */
export function coreOf(config: Config, host: HostProcess, { sharing, onWorkerStart }: CoreParts = {}): Core {
  const hasQuirk = quirksOf(config.compatibility)
  const environment = workerEnvironment({
    environment: host.environment,
    extraEnvironment: config.workerEnvironment,
  })
  const start = startProcessOf(config, host, sharing)
  const priority = linuxPriority()
  return createCore({
    modelStore: config.modelStore,
    stateDir: config.stateDir,
    defaults: coreDefaultsOf(config),
    unregisterTimeoutMs: config.unregisterTimeoutMs,
    served: {
      paths: config.modelPaths,
      ...(config.modelName === '' ? {} : { name: config.modelName }),
      ...(config.modelVersion === '' ? {} : { version: config.modelVersion }),
    },
    loadModels: config.loadModels,
    models: config.declaredModels,
    precedence: hasQuirk('settingPrecedence') ? 'torchserve' : 'explicit',
    tolerance: hasQuirk('modelConfigKeys') ? 'everything' : 'nothing',
    restore: config.restore,
    repository: repositoryOf(config),
    savedStateFirst: hasQuirk('savedStateFirst'),
    fetcher: new ArchiveFetcher({
      allowed: config.allowedUrls,
      allowPrivateAddresses: config.allowPrivateDownloadAddresses,
      maxBytes: config.maxDownloadBytes,
      timeoutMs: config.downloadTimeoutMs,
      directory: join(config.stateDir, 'downloads'),
    }),
    cpus: usableCpus(),
    gpus: config.gpus === 'all' ? gpusOf(environment) : config.gpus,
    findings: new ProbedProviders(childProbe(host, environment)),
    memory: {
      limitBytes: config.memoryLimitBytes,
      freeBytes: freeMemoryBytes,
      ownBytes: () => residentBytes(host.pid),
      takenBytes: residentBytes,
    },
    maxInFlightBytes: config.maxInFlightBytes,
    preparation: {
      run: childPreparation(host, { environment, priority }),
      environment: graphEnvironment(),
    },
    startProcess: announcing(
      priority === undefined ? start : quietStart(start, { priority, clock: systemClock }),
      onWorkerStart,
    ),
    ...(sharing === undefined ? {} : { frontends: config.frontends, beforeStop: sharing.beforeStop }),
    clock: systemClock,
    random: Math.random,
  })
}

/** What a version's settings are where neither archive nor call says otherwise. */
export function coreDefaultsOf(config: Config): SettingDefaults {
  const { defaultWorkersPerModel, maxQueuedRequests, inferenceTimeoutMs, startupTimeoutMs, maxRequestBytes } =
    config
  return {
    defaultWorkersPerModel,
    maxBatchRows: config.defaultMaxBatchRows,
    maxBatchDelayMs: config.defaultMaxBatchDelayMs,
    maxQueuedRequests,
    targetWaitMs: config.targetWaitMs,
    inferenceTimeoutMs,
    startupTimeoutMs,
    maxRequestBytes,
    maxResponseBytes: config.maxResponseBytes,
    serviceEnvelope: config.defaultServiceEnvelope,
    decodeInputRequest: config.defaultDecodeInputRequest,
    optimizedGraphCache: config.optimizedGraphCache,
  }
}

/** @param environment of worker processes */
function gpusOf(environment: Readonly<Record<string, string>>): number {
  return visibleGpus({ list: listDirectory, visibleDevices: environment['CUDA_VISIBLE_DEVICES'] })
}

function repositoryOf(config: Config): RepositoryOptions {
  const { modelConfigFile, modelConfigFilePollMs, modelBasePath: basePath } = config
  // TF Serving's own name for a model that is given none.
  const name = config.modelName === '' ? 'default' : config.modelName
  return {
    mode: config.modelControlMode,
    pollMs: config.repositoryPollMs,
    allowUnavailable: config.allowVersionLabelsForUnavailableModels,
    ...(modelConfigFile === ''
      ? {}
      : { configFile: { path: modelConfigFile, pollMs: modelConfigFilePollMs } }),
    ...(basePath === '' ? {} : { listed: [{ name, basePath, choice: { kind: 'latest', count: 1 } }] }),
  }
}

/** Worker processes of this process' own program. */
export function startProcessOf(config: Config, host: HostProcess, sharing?: Sharing): StartWorkerProcess {
  const failsWholeBatch = quirksOf(config.compatibility)('wholeBatchFails')
  return (planned, modelBytes, listener) => {
    const spec = failsWholeBatch ? { ...planned, failsWholeBatch } : planned
    const command = launchCommand({
      spec,
      modelBytes,
      addressSpaceBytes: config.workerAddressSpaceBytes,
      extraEnvironment: config.workerEnvironment,
      ...host,
    })
    return sharing?.start(command, spec, listener) ?? new ChildWorkerProcess(command, spec, { listener })
  }
}

function announcing(start: StartWorkerProcess, onStart: () => void = () => undefined): StartWorkerProcess {
  return (...planned) => {
    const process = start(...planned)
    onStart()
    return process
  }
}
