import type { ModelSummary, VersionDescription, WorkerDescription } from '../../core/control-plane.ts'
import type { HasQuirk } from './quirks.ts'

const MS_PER_SECOND = 1000

/** A version as TorchServe describes it, then what only this server knows. */
export function descriptionToJson(version: VersionDescription, hasQuirk: HasQuirk) {
  const { model, provider } = version
  return {
    modelName: model.name,
    modelVersion: model.version,
    modelUrl: version.archive,
    runtime: 'node',
    minWorkers: version.minWorkers,
    maxWorkers: version.maxWorkers,
    batchSize: version.maxBatchRows,
    maxBatchDelay: version.maxBatchDelayMs,
    responseTimeout: version.inferenceTimeoutMs / MS_PER_SECOND,
    startupTimeout: version.startupTimeoutMs / MS_PER_SECOND,
    deviceType: provider.device.provider === 'cpu' ? 'cpu' : 'gpu',
    ...settingsOfTorchServe(version),
    loadedAtStartup: version.loadedAtStartup,
    workers: version.workers.map((worker) => workerToJson(worker, hasQuirk)),
    jobQueueStatus: {
      remainingCapacity: Math.max(0, version.maxQueuedRequests - version.queuedRequests),
      pendingRequests: version.queuedRequests,
    },
    isDefault: version.isDefault,
    labels: version.labels,
    state: version.state,
    reason: version.reason,
    handler: version.handler,
    digest: `sha256:${version.digest}`,
    executionProvider: {
      name: provider.device.provider,
      deviceId: provider.device.deviceId,
      reason: provider.reason,
    },
    workerProcesses: version.workerProcesses,
    intraOpThreads: version.intraOpThreads,
    layoutReason: version.layoutReason,
    batchesInFlight: version.batchesInFlight,
    graph: version.graph,
    memory: version.memory,
    maxQueuedRequests: version.maxQueuedRequests,
    maxRequestBytes: version.maxRequestBytes,
    serviceTime: version.serviceTime,
    restarts: version.restarts,
    retry: retryToJson(version.retry),
    settings: version.settings,
    inputs: version.inputs,
    outputs: version.outputs,
  }
}

/** How workers fail, with moments instead of durations. */
function retryToJson({ windowMs, failingMs, lastFailure, nextRetryMs }: VersionDescription['retry']) {
  const now = Date.now()
  return {
    windowMs,
    failingSince: failingMs === undefined ? undefined : new Date(now - failingMs).toISOString(),
    lastFailure,
    nextRetry: nextRetryMs === undefined ? undefined : new Date(now + nextRetryMs).toISOString(),
  }
}

/** Settings under TorchServe's names; those that cannot apply here have the value that asks for nothing. */
function settingsOfTorchServe({ settings }: VersionDescription) {
  const { sequenceBatching, deviceIds } = settings
  const sequence = sequenceBatching.value
  return {
    deviceIds: deviceIds.value.length === 0 ? undefined : deviceIds.value,
    parallelType: '',
    parallelLevel: 1,
    maxRetryTimeoutInSec: settings.maxRetryTimeoutMs.value / MS_PER_SECOND,
    clientTimeoutInMills: settings.clientTimeoutMs.value ?? 0,
    continuousBatching: settings.continuousBatching.value,
    useJobTicket: settings.useJobTicket.value,
    useVenv: false,
    stateful: sequence !== undefined,
    sequenceMaxIdleMSec: sequence?.maxIdleMs ?? 0,
    sequenceTimeoutMSec: sequence?.timeoutMs ?? 0,
    maxNumSequence: sequence?.maxSequences ?? 1,
    maxSequenceJobQueueSize: sequence?.maxQueuedRequests ?? 1,
  }
}

function workerToJson(worker: WorkerDescription, hasQuirk: HasQuirk) {
  const isGpu = worker.device.provider !== 'cpu'
  return {
    id: worker.id,
    startTime: worker.startedAt.toISOString(),
    status: workerStatus(worker, hasQuirk),
    memoryUsage: worker.memoryBytes,
    pid: worker.pid,
    gpu: isGpu,
    gpuUsage: isGpu ? `gpuId::${worker.device.deviceId}` : 'N/A',
  }
}

/** TorchServe calls every worker that is not ready `UNLOADING`; here each state has its own word. */
function workerStatus({ state }: WorkerDescription, hasQuirk: HasQuirk): string {
  return hasQuirk('workerStates') && state !== 'ready' ? 'UNLOADING' : state.toUpperCase()
}

export type Page = { readonly offset: number; readonly limit: number }

/** One page of the list; the token of the next page is the offset where it starts. */
export function listToJson(models: readonly ModelSummary[], { offset, limit }: Page, hasQuirk: HasQuirk) {
  const end = offset + limit
  const hasNext = hasQuirk('lastPageToken') ? end <= models.length : end < models.length
  return {
    nextPageToken: hasNext ? String(end) : undefined,
    models: models.slice(offset, end).map(({ name, archive }) => ({ modelName: name, modelUrl: archive })),
  }
}
