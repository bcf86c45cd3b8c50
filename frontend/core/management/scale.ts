import { layersOf } from '../candidate.ts'
import type { ScaleRequest, WorkersOutcome } from '../control-plane.ts'
import type { ModelVersion } from '../model-version.ts'
import { resolveSettings } from '../settings.ts'
import type { Changes } from './changes.ts'
import { outcomeOf } from './workers-outcome.ts'

/** Sets the number of a version's workers, durably. */
export function scale(changes: Changes, request: ScaleRequest): Promise<WorkersOutcome> {
  const { minWorkers, maxWorkers, synchronous } = request
  const { registry, journal, defaults } = changes.options
  const id = registry.resolve(request.model).model
  return changes.exclusively(id, async () => {
    const version = registry.resolve(id)
    const record = journal.recordOf(version)
    // A configuration has no `maxWorkers` of 0: there would be nothing to scale up to.
    const overrides = { ...record.settings, minWorkers, maxWorkers: Math.max(1, maxWorkers ?? minWorkers) }
    const settings = resolveSettings(layersOf(version.artefact, overrides, changes.options), defaults)
    const commit = () => journal.record(version, overrides, record.handler)
    if (synchronous) {
      await version.scale(settings, commit)
      return outcomeOf(version)
    }
    await commit()
    scaleInBackground(changes, version, settings)
    return { model: version.model, state: minWorkers === 0 ? 'no_workers' : 'loading', workers: minWorkers }
  })
}

export function scaleInBackground(
  changes: Changes,
  version: ModelVersion,
  settings = version.settings,
): void {
  changes.exclusively(version.model, () => version.scale(settings)).catch(() => undefined) // the version's state says why
}
