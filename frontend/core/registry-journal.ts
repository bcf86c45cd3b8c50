import type { ModelConfig } from '../../archiver-cli/format/model-config.ts'
import { ServingError } from '../../worker/contract/errors.ts'
import { stateNotSaved } from './errors.ts'
import type { ModelId } from '../../worker/contract/model-id.ts'
import type { ModelSelector } from './data-plane.ts'
import type { ModelRegistry } from './model-registry.ts'
import type { ModelVersion } from './model-version.ts'
import type { RegistryState, StateStore, VersionRecord } from './snapshot.ts'

/** A record without its version. `isDefault` until another version is made the default. */
export type RetainedVersion = {
  readonly name: string
  readonly record: VersionRecord
  readonly isDefault: boolean
}

/**
 * What of the registry is acknowledged, kept on disk.
 *
 * A version appears in a snapshot only once it has been recorded: one that is still being registered when the
 * server dies is absent afterwards.
 */
export class RegistryJournal {
  readonly #registry: ModelRegistry
  readonly #snapshots: StateStore
  readonly #records = new Map<ModelVersion, VersionRecord>()
  /** By record: the same with the integer that clients know its version by. */
  readonly #numberedRecords = new WeakMap<VersionRecord, VersionRecord>()
  /** What an earlier run had acknowledged and this one could not bring back. */
  #retained: readonly RetainedVersion[] = []
  #lastWrite: Promise<void> = Promise.resolve()

  constructor(registry: ModelRegistry, snapshots: StateStore) {
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
  retain(retained: RetainedVersion): void {
    this.#retained = [...this.#retained, retained]
  }

  /**
   * Gives up a version that could not be brought back.
   *
   * @returns which; undefined when there is none such
   */
  async forgetRetained({ name, version }: ModelSelector): Promise<ModelId | undefined> {
    const ofModel = this.#retained.filter((each) => each.name === name)
    const found =
      version === undefined
        ? (ofModel.find((each) => each.isDefault) ?? ofModel[0])
        : ofModel.find((each) => each.record.version === version)
    if (found === undefined) return undefined
    await this.#writeWithout((each) => each === found)
    const model = { name, version: found.record.version }
    this.#registry.labels.dropVersion(model)
    return model
  }

  /** Makes a change of the default version durable. */
  async recordDefault(name: string): Promise<void> {
    const isFormerDefault = (each: RetainedVersion) => each.name === name && each.isDefault
    await this.#writeWithout(isFormerDefault, (former) => ({ ...former, isDefault: false }))
  }

  has(version: ModelVersion): boolean {
    return this.#records.has(version)
  }

  /** Forgets a version that another one has replaced; nothing is written. */
  drop(version: ModelVersion): void {
    this.#records.delete(version)
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
    const write = this.#lastWrite.then(async () => {
      try {
        await this.#snapshots.write(this.#state())
      } catch (error) {
        throw stateNotSaved(error)
      }
    })
    this.#lastWrite = write.catch(() => undefined) // its caller gets the error; the next write only waits
    return write
  }

  async #writeOr(version: ModelVersion, before: VersionRecord | undefined): Promise<void> {
    const { name, version: versionName } = version.model
    try {
      // What is recorded or erased now takes the place of what an earlier run said of the same version.
      await this.#writeWithout((each) => each.name === name && each.record.version === versionName)
    } catch (error) {
      if (before === undefined) this.#records.delete(version)
      else this.#records.set(version, before)
      throw error
    }
  }

  /** Writes with some retained versions removed or replaced; if that fails they are as before. */
  async #writeWithout(
    test: (retained: RetainedVersion) => boolean,
    replace: (retained: RetainedVersion) => RetainedVersion | [] = () => [],
  ): Promise<void> {
    const removed = this.#retained.filter(test)
    const replacements = removed.flatMap(replace)
    this.#retained = [...this.#retained.filter((each) => !test(each)), ...replacements]
    try {
      await this.write()
    } catch (error) {
      this.#retained = [...this.#retained.filter((each) => !replacements.includes(each)), ...removed]
      throw error
    }
  }

  #state(): RegistryState {
    const models = this.#registry.names().map((name) => {
      const versions = this.#registry.versionsOf(name).flatMap((version) => this.#currentRecordOf(version))
      const chosen = this.#registry.defaultVersionOf(name)
      // A first version that is still being registered may yet fail.
      const isRecorded = versions.some(({ version }) => version === chosen)
      const defaultVersion = isRecorded ? chosen : (versions[0]?.version ?? chosen)
      return { name, defaultVersion, versions }
    })
    for (const { name, record, isDefault } of this.#retained) {
      const model = models.find((each) => each.name === name)
      if (model === undefined) models.push({ name, defaultVersion: record.version, versions: [record] })
      else model.versions.push(record)
      if (isDefault && model !== undefined) model.defaultVersion = record.version
    }
    return {
      models: models.filter((model) => model.versions.length > 0).map((model) => this.#labelled(model)),
    }
  }

  /** With what is only known of a version beside the others: its integer changes when another one claims it. */
  #currentRecordOf(version: ModelVersion): VersionRecord | [] {
    const record = this.#records.get(version)
    if (record === undefined) return []
    const integer = this.#registry.integerVersionOf(version.model)
    return integer === version.model.version ? record : this.#numbered(record, integer)
  }

  /** The same object as long as nothing of it changes: its text is known by it. */
  #numbered(record: VersionRecord, integer: string): VersionRecord {
    const known = this.#numberedRecords.get(record)
    if (known?.integer === integer) return known
    const numbered = { ...record, integer }
    this.#numberedRecords.set(record, numbered)
    return numbered
  }

  /** A label is kept as long as its version is. */
  #labelled(model: RegistryState['models'][number]): RegistryState['models'][number] {
    const versions = new Set(model.versions.map(({ version }) => version))
    const labels = Object.entries(this.#registry.labels.of(model.name)).filter(([, each]) =>
      versions.has(each),
    )
    return labels.length === 0 ? model : { ...model, labels: Object.fromEntries(labels) }
  }
}
