import type { ModelConfig } from '../../../archiver-cli/format/model-config.ts'
import { layersOf } from '../candidate.ts'
import type { ScaleRequest, WorkersOutcome } from '../control-plane.ts'
import type { ModelVersion } from '../model-version.ts'
import { resolveSettings, type VersionSettings } from '../settings.ts'
import type { Changes } from './changes.ts'
import { outcomeOf } from './workers-outcome.ts'

/**
 * Sets the number of a version's workers, or other settings of it, durably. What the workers need not know is changed
 * while they serve.
 */
export function scale(changes: Changes, request: ScaleRequest): Promise<WorkersOutcome> {
  const { registry, journal, defaults } = changes.options
  const id = registry.resolve(request.model).model
  return changes.exclusively(id, async () => {
    const version = registry.resolve(id)
    const record = journal.recordOf(version)
    const overrides = { ...record.settings, ...request.settings, ...workersOf(request) }
    const settings = resolveSettings(layersOf(version.artefact, overrides, changes.options), defaults)
    const commit = () => journal.record(version, overrides, record.handler)
    if (request.minWorkers === undefined && !needsWorkers(version, settings)) {
      await version.tune(settings, commit)
      return outcomeOf(version)
    }
    if (request.synchronous) {
      await version.scale(settings, commit)
      return outcomeOf(version)
    }
    await commit()
    scaleInBackground(changes, version, settings)
    const { minWorkers } = settings
    return { model: version.model, state: minWorkers === 0 ? 'no_workers' : 'loading', workers: minWorkers }
  })
}

function workersOf({ minWorkers, maxWorkers }: ScaleRequest): ModelConfig {
  if (minWorkers === undefined) return {}
  // A configuration has no `maxWorkers` of 0: there would be nothing to scale up to.
  return { minWorkers, maxWorkers: Math.max(1, maxWorkers ?? minWorkers) }
}

/** Workers were told how many rows they may run at a time: fewer are fine, more they would run in two. */
function needsWorkers({ workers, loadedRows }: ModelVersion, { maxBatchRows }: VersionSettings): boolean {
  return workers !== undefined && maxBatchRows > loadedRows
}

export function scaleInBackground(
  changes: Changes,
  version: ModelVersion,
  settings = version.settings,
): void {
  changes.exclusively(version.model, () => version.scale(settings)).catch(() => undefined) // the version's state says why
}
