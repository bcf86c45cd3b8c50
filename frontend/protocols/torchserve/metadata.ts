import type { ModelSummary, VersionDescription, WorkerDescription } from '../../core/control-plane.ts'

const MS_PER_SECOND = 1000

/** A version as TorchServe describes it, then what only this server knows. */
export function descriptionToJson(version: VersionDescription) {
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
    loadedAtStartup: version.loadedAtStartup,
    workers: version.workers.map(workerToJson),
    jobQueueStatus: {
      remainingCapacity: Math.max(0, version.maxQueuedRequests - version.queuedRequests),
      pendingRequests: version.queuedRequests,
    },
    isDefault: version.isDefault,
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
    maxQueuedRequests: version.maxQueuedRequests,
    maxRequestBytes: version.maxRequestBytes,
    restarts: version.restarts,
    retry: retryToJson(version.retry),
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

/** TorchServe calls every worker that is not ready `UNLOADING`; here each state has its own word. */
function workerToJson(worker: WorkerDescription) {
  const isGpu = worker.device.provider !== 'cpu'
  return {
    id: worker.id,
    startTime: worker.startedAt.toISOString(),
    status: worker.state.toUpperCase(),
    memoryUsage: worker.memoryBytes,
    pid: worker.pid,
    gpu: isGpu,
    gpuUsage: isGpu ? `gpuId::${worker.device.deviceId}` : 'N/A',
  }
}

/** One page of the list; the token of the next page is the offset where it starts. */
export function listToJson(models: readonly ModelSummary[], offset: number, limit: number) {
  const end = offset + limit
  return {
    nextPageToken: end < models.length ? String(end) : undefined,
    models: models.slice(offset, end).map(({ name, archive }) => ({ modelName: name, modelUrl: archive })),
  }
}
