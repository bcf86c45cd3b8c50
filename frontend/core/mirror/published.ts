import type { Artefact } from '../artefact.ts'
import type { Labels } from '../label-table.ts'
import type { ModelRegistry } from '../model-registry.ts'
import type { ModelVersion } from '../model-version.ts'
import { isShareable, type VersionSettings } from '../settings.ts'
import type { WorkerLayout } from '../workers/worker-set-factory.ts'
import type { SeatReading } from '../workers/worker-set.ts'

/** The workers that serve a version, and the processes of theirs that take batches. */
export type PublishedWorkers = {
  readonly setId: number
  readonly layout: WorkerLayout
  readonly seats: readonly SeatReading[]
}

/** A version that serves, and that several frontend processes may serve; its workers may be away for the moment. */
export type PublishedVersion = {
  /** Tells it from another one of the same name. */
  readonly key: number
  readonly artefact: Artefact
  readonly settings: VersionSettings
  readonly loadedAtStartup: boolean
  /** By which clients know it that know only integers. */
  readonly integer: string
  readonly workers: PublishedWorkers
}

/** A model as other frontend processes serve it. What is missing here, they leave to the primary. */
export type PublishedModel = {
  readonly name: string
  /** Absent: what an unversioned request gets is not published. */
  readonly defaultVersion?: string
  readonly labels: Labels
  readonly versions: readonly PublishedVersion[]
}

let lastKey = 0
const KEYS = new WeakMap<ModelVersion, number>()

/** Of one version, however often it is published. */
export function keyOf(version: ModelVersion): number {
  const known = KEYS.get(version)
  if (known !== undefined) return known
  lastKey += 1
  KEYS.set(version, lastKey)
  return lastKey
}

/** A model at this moment; one that is not registered has no versions. */
export function publishedModel(registry: ModelRegistry, name: string): PublishedModel {
  if (registry.find({ name }) === undefined && !registry.names().includes(name)) {
    return { name, labels: {}, versions: [] }
  }
  const versions = registry.versionsOf(name).flatMap((version) => publishedVersion(registry, version))
  const defaultVersion = registry.defaultVersionOf(name)
  const isPublished = versions.some(({ artefact }) => artefact.model.version === defaultVersion)
  return { name, labels: registry.labels.of(name), versions, ...(isPublished ? { defaultVersion } : {}) }
}

function publishedVersion(registry: ModelRegistry, version: ModelVersion): PublishedVersion[] {
  const { artefact, settings, loadedAtStartup, workers, layout, state } = version
  if (state !== 'ready' || !isShareable(settings) || workers === undefined || layout === undefined) return []
  const { id: setId, seats } = workers
  const integer = registry.integerVersionOf(version.model)
  return [
    {
      key: keyOf(version),
      artefact,
      settings,
      loadedAtStartup,
      integer,
      workers: { setId, layout, seats },
    },
  ]
}
