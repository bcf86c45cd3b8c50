import { join } from 'node:path'
import { readManifest } from '../../../archiver-cli/format/archive-reader.ts'
import { fingerprintOf } from '../../../archiver-cli/format/sources/fingerprint.ts'
import type { FoundModel } from '../../../archiver-cli/format/sources/found-model.ts'
import { compareVersions, type ModelId } from '../../../worker/contract/model-id.ts'
import type { ModelStore } from '../model-store.ts'
import { offeredVersion } from './offers.ts'
import type { OfferedModel, OfferedVersion, RepositorySource } from './source.ts'

type Opened = {
  readonly fingerprint: string
  readonly model: ModelId | Error
  /** The model that it held when it could last be read. */
  readonly lastName?: string
}

/**
 * What the model store holds, by models: archives, each opened once as long as it is the same, and folders and graphs
 * without one.
 */
export class StoreSource implements RepositorySource {
  readonly #store: ModelStore
  #opened = new Map<string, Opened>()

  constructor(store: ModelStore) {
    this.#store = store
  }

  async models(): Promise<OfferedModel[]> {
    const models = new Map<string, OfferedModel>()
    const opened = new Map<string, Opened>()
    for (const entry of await this.#store.entries()) {
      switch (entry.kind) {
        case 'archive': {
          const found = await this.#open(entry.archive)
          opened.set(entry.archive, found)
          this.#offerArchive(models, entry.archive, found)
          break
        }
        case 'model':
          await this.#offerModel(models, entry.model)
          break
        case 'broken':
          addBroken(models, entry.location, entry.error)
          break
        default:
          entry satisfies never
      }
    }
    this.#opened = opened
    for (const found of opened.values()) distrust(models, found)
    return [...models.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  #offerArchive(models: Map<string, OfferedModel>, archive: string, { fingerprint, model }: Opened): void {
    if (model instanceof Error) {
      addBroken(models, archive, model)
      return
    }
    const { name, version } = model
    const path = join(this.#store.directory, archive)
    const source = { kind: 'archive', path } as const
    const found = { version, location: archive, isAspired: true, source }
    const offered = offeredVersion(this.#store, { name, found, fingerprint })
    models.set(name, withVersion(models.get(name), name, offered))
  }

  async #offerModel(models: Map<string, OfferedModel>, { name, versions }: FoundModel): Promise<void> {
    for (const found of versions) {
      const { text: fingerprint } = await fingerprintOf(found.source)
      const offered = offeredVersion(this.#store, { name, found, fingerprint })
      models.set(name, withVersion(models.get(name), name, offered))
    }
  }

  async #open(archive: string): Promise<Opened> {
    const path = join(this.#store.directory, archive)
    try {
      const { text: fingerprint } = await fingerprintOf({ kind: 'archive', path })
      const before = this.#opened.get(archive)
      if (before?.fingerprint === fingerprint) return before
      const model = await modelIn(path)
      return { fingerprint, model, lastName: model.name }
    } catch (error) {
      const model = error instanceof Error ? error : new Error(String(error))
      const { lastName } = this.#opened.get(archive) ?? {}
      return { fingerprint: '', model, ...(lastName === undefined ? {} : { lastName }) }
    }
  }
}

/** A broken entry hides no model of its name that is whole. */
function addBroken(models: Map<string, OfferedModel>, location: string, error: Error): void {
  const name = location.replace(/\.(mar|tar\.gz|onnx)$/, '')
  if (!models.has(name)) models.set(name, { name, versions: [], error })
}

/** An archive that was one of a model's and cannot be read any more: which versions the model has is not known. */
function distrust(models: Map<string, OfferedModel>, { model: error, lastName }: Opened): void {
  if (error instanceof Error && lastName !== undefined)
    models.set(lastName, { name: lastName, versions: [], error })
}

/** Of two archives with one version, the first by name counts. */
function withVersion(model: OfferedModel | undefined, name: string, offered: OfferedVersion): OfferedModel {
  if (model === undefined || model.error !== undefined) return { name, versions: [offered] }
  if (model.versions.some(({ version }) => version === offered.version)) return model
  const versions = [...model.versions, offered].sort((a, b) => compareVersions(a.version, b.version))
  return { name, versions }
}

async function modelIn(path: string): Promise<ModelId> {
  const { modelName, modelVersion } = (await readManifest(path)).model
  return { name: modelName, version: modelVersion }
}
