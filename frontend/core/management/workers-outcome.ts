import type { WorkersOutcome } from '../control-plane.ts'
import type { ModelVersion } from '../model-version.ts'

/** How a version is doing, as the answer to a change of it. */
export function outcomeOf(version: ModelVersion): WorkersOutcome {
  const workers = version.workers?.readyWorkers ?? 0
  return { model: version.model, state: outcomeStateOf(version, workers), workers }
}

function outcomeStateOf(version: ModelVersion, workers: number): WorkersOutcome['state'] {
  if (version.state === 'loading') return 'loading'
  if (version.state !== 'ready') return 'no_workers'
  return workers < version.settings.minWorkers ? 'partial' : 'ready'
}
