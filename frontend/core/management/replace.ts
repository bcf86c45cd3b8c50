import type { Candidate } from '../candidate.ts'
import { notServing } from '../errors.ts'
import type { ModelVersion } from '../model-version.ts'
import type { Changes } from './changes.ts'

/**
 * Loads and warms a version beside the one of the same name, and puts it in its place at once; that one drains in the
 * background. If it does not load, or cannot be saved, the former one goes on as if nothing had been.
 */
export async function replaceAndWait(
  changes: Changes,
  candidate: Candidate,
  former: ModelVersion,
): Promise<void> {
  const version = changes.versionOf(candidate)
  try {
    await version.scale(version.settings)
    await changes.settling(version.model.name, () => putInPlace(changes, { version, candidate, former }))
  } catch (error) {
    await version.unload(0)
    throw error
  }
  changes.endInBackground(former)
}

type Replacement = {
  readonly version: ModelVersion
  readonly candidate: Candidate
  readonly former: ModelVersion
}

async function putInPlace(changes: Changes, { version, candidate, former }: Replacement): Promise<void> {
  const { registry, journal } = changes.options
  if (registry.find(version.model) !== former) {
    throw notServing(version.model, 'draining', 'it was unregistered while its successor loaded', 1000)
  }
  registry.replace(former, version)
  try {
    await changes.record(version, candidate)
    journal.drop(former)
  } catch (error) {
    registry.replace(version, former)
    throw error
  }
}
