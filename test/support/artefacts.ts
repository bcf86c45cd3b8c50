import type { Manifest } from '../../archiver-cli/format/manifest.ts'
import type { Artefact } from '../../frontend/core/artefact.ts'
import type { VersionSettings } from '../../frontend/core/settings.ts'

export function manifest(model: Partial<Manifest['model']> = {}): Manifest {
  return {
    createdOn: '1980-01-01T00:00:00Z',
    runtime: 'node',
    archiverVersion: '0.0.0',
    model: { modelName: 'm', modelVersion: '1', handler: 'tensor', serializedFile: 'model.onnx', ...model },
    files: [],
  }
}

/** What would have been unpacked from an archive; nothing of it is on the disk. */
export function artefact(changes: Partial<Artefact> = {}): Artefact {
  return {
    model: { name: 'm', version: '1' },
    archive: 'm.mar',
    digest: 'd1',
    modelDir: '/objects/m',
    modelBytes: 100,
    handler: 'tensor',
    manifest: manifest(),
    config: {},
    ...changes,
  }
}

export function settings(changes: Partial<VersionSettings> = {}): VersionSettings {
  return {
    sources: {},
    minWorkers: 1,
    maxWorkers: 1,
    workerProcesses: undefined,
    intraOpThreads: undefined,
    optimizedGraphCache: true,
    weightSharing: 'auto',
    maxBatchRows: 4,
    maxBatchDelayMs: 0,
    maxQueuedRequests: 10,
    targetWaitMs: undefined,
    inferenceTimeoutMs: 1000,
    startupTimeoutMs: 10_000,
    maxRequestBytes: 1000,
    maxResponseBytes: undefined,
    maxBatchesInFlight: undefined,
    clientTimeoutMs: undefined,
    maxRetryTimeoutMs: 300_000,
    useJobTicket: false,
    sequenceBatching: undefined,
    scheduling: undefined,
    continuousBatching: false,
    padding: undefined,
    microBatching: undefined,
    serviceEnvelope: 'none',
    decodeInputRequest: true,
    deviceType: undefined,
    executionProviders: ['cpu'],
    deviceIds: [],
    versionTransition: 'availability',
    maxRequestRows: undefined,
    signatures: undefined,
    outputLabels: undefined,
    tritonConfig: undefined,
    handlerConfig: {},
    ...changes,
  }
}
