import { artefactOf, type Candidate } from '../candidate.ts'
import type { RegisterRequest, WorkersOutcome } from '../control-plane.ts'
import { alreadyRegistered, registeredAsFailed } from '../errors.ts'
import type { ModelVersion } from '../model-version.ts'
import type { VersionRecord } from '../snapshot.ts'
import type { Changes } from './changes.ts'
import { scaleInBackground } from './scale.ts'
import { outcomeOf } from './workers-outcome.ts'

/** Registers an archive as the control plane is asked to. */
export async function register(changes: Changes, request: RegisterRequest): Promise<WorkersOutcome> {
  const stored = await changes.options.archives.load(request.archive, request.sha256)
  const { initialWorkers, settings } = request
  const candidate: Candidate = {
    stored,
    name: request.name,
    handler: request.handler,
    overrides: { ...settings, ...(initialWorkers === undefined ? {} : { minWorkers: initialWorkers }) },
    loadedAtStartup: false,
    repeatable: request.repeatable,
  }
  return request.synchronous ? registerAndWait(changes, candidate) : registerInBackground(changes, candidate)
}

/** Loads and warms the version before it is acknowledged; nothing of it stays if that fails. */
export function registerAndWait(changes: Changes, candidate: Candidate): Promise<WorkersOutcome> {
  const { model } = artefactOf(candidate)
  return changes.exclusively(model, () => registerInTurn(changes, candidate))
}

/** As {@link registerAndWait}, in a turn of the version that the caller has. */
export async function registerInTurn(changes: Changes, candidate: Candidate): Promise<WorkersOutcome> {
  const version = changes.versionOf(candidate)
  const earlier = earlierOf(changes, version, candidate)
  if (earlier !== undefined) return earlier
  await addAnd(changes, version, () =>
    version.scale(version.settings, () => changes.record(version, candidate)),
  )
  return outcomeOf(version)
}

/** Registers durably, then starts the workers; a failure shows as state `failed` with its reason. */
async function registerInBackground(changes: Changes, candidate: Candidate): Promise<WorkersOutcome> {
  const version = changes.versionOf(candidate)
  // Before its turn too: the same archive may be loading, and this call waits for no load.
  const known = earlierOf(changes, version, candidate)
  if (known !== undefined) return known
  const earlier = await changes.exclusively(version.model, async () => {
    const found = earlierOf(changes, version, candidate)
    if (found === undefined) await addAnd(changes, version, () => changes.record(version, candidate))
    return found
  })
  const workers = version.settings.minWorkers
  if (earlier !== undefined || workers === 0) return earlier ?? outcomeOf(version)
  scaleInBackground(changes, version)
  return { model: version.model, state: 'loading', workers }
}

/** Puts a version of an earlier run back, without its workers. */
export function restore(changes: Changes, candidate: Candidate, record: VersionRecord): ModelVersion {
  // Its settings are those that had an effect: nothing outranks them now.
  const version = changes.versionOf(candidate, candidate.overrides)
  changes.options.registry.add(version, record.integer)
  const { archive, digest } = version.artefact
  changes.options.journal.restored(version, { ...record, archive, digest })
  return version
}

/** How the same archive, registered before, is doing. @throws ServingError `already_exists` | `failed_precondition` */
function earlierOf(
  { options }: Changes,
  { artefact }: ModelVersion,
  { repeatable = true }: Candidate,
): WorkersOutcome | undefined {
  const earlier = options.registry.find(artefact.model)
  if (earlier === undefined) return undefined
  if (!repeatable || earlier.artefact.digest !== artefact.digest) throw alreadyRegistered(artefact.model)
  if (earlier.state === 'failed') throw registeredAsFailed(artefact.model, earlier.reason ?? 'unknown')
  return { ...outcomeOf(earlier), existing: true }
}

/** Adds the version, and takes it out again if what follows fails. */
async function addAnd(changes: Changes, version: ModelVersion, complete: () => Promise<void>): Promise<void> {
  changes.options.registry.add(version)
  try {
    await complete()
  } catch (error) {
    await forget(changes, version)
    throw error
  }
}

/** Undoes a registration that was never acknowledged. */
async function forget(changes: Changes, version: ModelVersion): Promise<void> {
  await version.unload(0)
  changes.remove(version)
  // Its start may have been given up just when it had become durable.
  const { journal } = changes.options
  if (journal.has(version)) await journal.erase(version)
}
