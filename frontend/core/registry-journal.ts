import type { ModelConfig } from '../../archiver-cli/format/model-config.ts'
import { ServingError } from '../../worker/contract/errors.ts'
import type { ModelRegistry } from './model-registry.ts'
import type { ModelVersion } from './model-version.ts'
import type { RegistryState, SnapshotStore, VersionRecord } from './snapshot.ts'

/**
 * What of the registry is acknowledged, kept on disk.
 *
 * A version appears in a snapshot only once it has been recorded: one that is still being registered when the
 * server dies is absent afterwards.
 */
export class RegistryJournal {
  readonly #registry: ModelRegistry
  readonly #snapshots: SnapshotStore
  readonly #records = new Map<ModelVersion, VersionRecord>()
  readonly #retained: RegistryState['models'][number][] = []
  #lastWrite: Promise<void> = Promise.resolve()

  constructor(registry: ModelRegistry, snapshots: SnapshotStore) {
    this.#registry = registry
    this.#snapshots = snapshots
  }

  /** Makes a version, or its new settings, durable. If that fails the old record stands. */
  async record(version: ModelVersion, settings: ModelConfig, handler: string | undefined): Promise<void> {
    const before = this.#records.get(version)
    const { archive, digest, model } = version.artefact
    this.#records.set(version, {
      version: model.version,
      archive,
      digest,
      ...(handler === undefined ? {} : { handler }),
      settings,
    })
    await this.#writeOr(version, before)
  }

  /** Takes over what an earlier run had acknowledged; nothing is written. */
  restored(version: ModelVersion, record: VersionRecord): void {
    this.#records.set(version, record)
  }

  /** Keeps the record of a version that could not be brought back, so that a later start may. */
  retain(model: Omit<RegistryState['models'][number], 'versions'>, record: VersionRecord): void {
    this.#retained.push({ ...model, versions: [record] })
  }

  async erase(version: ModelVersion): Promise<void> {
    const before = this.#records.get(version)
    this.#records.delete(version)
    await this.#writeOr(version, before)
  }

  /** @throws ServingError `unavailable` while the version is still being registered */
  recordOf(version: ModelVersion): VersionRecord {
    const record = this.#records.get(version)
    if (record !== undefined) return record
    throw new ServingError('unavailable', `version '${version.model.version}' is still being registered`)
  }

  /** Writes one snapshot at a time; each holds the state of the moment it starts. */
  write(): Promise<void> {
    const write = this.#lastWrite.then(() => this.#snapshots.write(this.#state()))
    this.#lastWrite = write.catch(() => undefined) // its caller gets the error; the next write only waits
    return write
  }

  async #writeOr(version: ModelVersion, before: VersionRecord | undefined): Promise<void> {
    try {
      await this.write()
    } catch (error) {
      if (before === undefined) this.#records.delete(version)
      else this.#records.set(version, before)
      throw error
    }
  }

  #state(): RegistryState {
    const models = this.#registry.names().map((name) => ({
      name,
      defaultVersion: this.#registry.defaultVersionOf(name),
      versions: this.#registry.versionsOf(name).flatMap((version) => this.#records.get(version) ?? []),
    }))
    for (const { name, defaultVersion, versions } of this.#retained) {
      const model = models.find((each) => each.name === name)
      if (model === undefined) models.push({ name, defaultVersion, versions: [...versions] })
      else model.versions.push(...versions.filter((record) => !hasVersion(model.versions, record.version)))
    }
    return { models: models.filter((model) => model.versions.length > 0) }
  }
}

function hasVersion(records: readonly VersionRecord[], version: string): boolean {
  return records.some((record) => record.version === version)
}
