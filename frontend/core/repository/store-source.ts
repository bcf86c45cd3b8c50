import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { openArchive } from '../../../archiver-cli/format/archive-reader.ts'
import { MANIFEST_PATH } from '../../../archiver-cli/format/manifest.ts'
import { compareVersions, type ModelId } from '../../../worker/contract/model-id.ts'
import type { ModelStore } from '../model-store.ts'
import type { OfferedModel, OfferedVersion, RepositorySource } from './source.ts'

type Opened = { readonly fingerprint: string; readonly model: ModelId | Error }

/** The archives of the model store, by the models that they hold. An archive is opened once as long as it is the same. */
export class StoreSource implements RepositorySource {
  readonly #store: ModelStore
  #opened = new Map<string, Opened>()

  constructor(store: ModelStore) {
    this.#store = store
  }

  async models(): Promise<OfferedModel[]> {
    const models = new Map<string, OfferedModel>()
    const opened = new Map<string, Opened>()
    for (const archive of await this.#store.list()) {
      const { fingerprint, model } = await this.#open(archive)
      opened.set(archive, { fingerprint, model })
      if (model instanceof Error) {
        const name = archive.replace(/\.(mar|tar\.gz)$/, '')
        if (!models.has(name)) models.set(name, { name, versions: [], error: model })
        continue
      }
      const offered = {
        version: model.version,
        fingerprint,
        isAspired: true,
        load: () => this.#store.load(archive),
      }
      models.set(model.name, withVersion(models.get(model.name), model.name, offered))
    }
    this.#opened = opened
    return [...models.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  async #open(archive: string): Promise<Opened> {
    const path = join(this.#store.directory, archive)
    try {
      const fingerprint = await fingerprintOf(path)
      const before = this.#opened.get(archive)
      return before?.fingerprint === fingerprint ? before : { fingerprint, model: await modelIn(path) }
    } catch (error) {
      return { fingerprint: '', model: error instanceof Error ? error : new Error(String(error)) }
    }
  }
}

/** Of two archives with one version, the first by name counts. */
function withVersion(model: OfferedModel | undefined, name: string, offered: OfferedVersion): OfferedModel {
  if (model === undefined || model.error !== undefined) return { name, versions: [offered] }
  if (model.versions.some(({ version }) => version === offered.version)) return model
  const versions = [...model.versions, offered].sort((a, b) => compareVersions(a.version, b.version))
  return { name, versions }
}

async function modelIn(path: string): Promise<ModelId> {
  const opened = await openArchive(path, 'everything')
  await opened.close()
  const { modelName, modelVersion } = opened.manifest.model
  return { name: modelName, version: modelVersion }
}

/** The manifest of an unpacked archive covers every file in it. */
async function fingerprintOf(path: string): Promise<string> {
  const found = await lstat(path)
  const { mtimeMs, size, ino } = found.isDirectory() ? await lstat(join(path, MANIFEST_PATH)) : found
  return `${mtimeMs} ${size} ${ino}`
}
