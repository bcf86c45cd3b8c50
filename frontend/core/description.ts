import type { VersionDescription } from './control-plane.ts'
import type { ModelVersion } from './model-version.ts'
import { describeSettings } from './settings.ts'
import { loadOf } from './version-load.ts'
import { batchesInFlightOf } from './workers/batches-in-flight.ts'

/** Everything that operators may see of a version, at this moment. */
export function describeVersion(
  version: ModelVersion,
  { isDefault, labels }: Pick<VersionDescription, 'isDefault' | 'labels'>,
): VersionDescription {
  const { artefact, settings, layout, workers } = version
  const load = loadOf(version)
  return {
    ...load,
    archive: artefact.archive,
    digest: artefact.digest,
    isDefault,
    labels,
    state: version.state,
    ...(version.reason === undefined ? {} : { reason: version.reason }),
    handler: artefact.handler,
    loadedAtStartup: version.loadedAtStartup,
    minWorkers: settings.minWorkers,
    maxWorkers: settings.maxWorkers,
    workerProcesses: workers?.processes ?? 0,
    intraOpThreads: layout?.plan.intraOpThreads ?? 0,
    layoutReason: layout?.plan.why ?? 'no workers',
    batchesInFlight: batchesInFlightOf(settings, load.provider.device, workers),
    ...(layout?.memory === undefined ? {} : { memory: layout.memory }),
    ...graphOf(layout),
    maxBatchRows: settings.maxBatchRows,
    maxBatchDelayMs: settings.maxBatchDelayMs,
    inferenceTimeoutMs: settings.inferenceTimeoutMs,
    startupTimeoutMs: settings.startupTimeoutMs,
    maxQueuedRequests: settings.maxQueuedRequests,
    maxRequestBytes: settings.maxRequestBytes,
    ...signatureOf(version),
    restarts: version.restarts,
    retry: version.retry,
    settings: describeSettings(settings),
  }
}

function graphOf(layout: ModelVersion['layout']): Pick<VersionDescription, 'graph'> {
  if (layout?.graph === undefined) return {}
  const { prepared, why } = layout.graph
  return { graph: { isPrepared: prepared !== undefined, reason: why } }
}

/** What a loaded session said, else what the archiver wrote down. */
function signatureOf({ workers, artefact }: ModelVersion): Pick<VersionDescription, 'inputs' | 'outputs'> {
  const inputs = workers?.report?.inputs ?? artefact.manifest.inputs
  const outputs = workers?.report?.outputs ?? artefact.manifest.outputs
  return { ...(inputs === undefined ? {} : { inputs }), ...(outputs === undefined ? {} : { outputs }) }
}
