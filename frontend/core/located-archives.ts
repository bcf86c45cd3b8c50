import { isValidName } from '../../worker/contract/model-id.ts'
import type { ArchiveSource, StoredModel } from './archive-source.ts'
import type { ModelStore } from './model-store.ts'

/** Makes archives from outside the model store readable. */
export interface FetchArchive {
  /** Clears what an interrupted fetch left behind; called before the first one. */
  prepare(): Promise<void>

  /** @throws ServingError `permission_denied` | `invalid_argument` | `not_found` | … */
  fetch(location: string): Promise<{
    readonly name: string
    readonly path: string
    /** Called when the archive has been unpacked, or is of no use. */
    readonly release: () => Promise<void>
  }>
}

/**
 * Archives by name from the store, by address from elsewhere.
 *
 * What is fetched is unpacked like an archive of the store and then removed: nothing is put into the store, and
 * nothing of it is deleted. The unpacked files stay as long as a kept registry snapshot names them.
 */
export class LocatedArchives implements ArchiveSource {
  readonly #store: ModelStore
  readonly #fetcher: FetchArchive

  constructor(store: ModelStore, fetcher: FetchArchive) {
    this.#store = store
    this.#fetcher = fetcher
  }

  async load(location: string, sha256?: string): Promise<StoredModel> {
    const isAddress = location.startsWith('/') || /^[a-z][a-z0-9+.-]*:/i.test(location)
    if (isValidName(location) || !isAddress) return this.#store.load(location, sha256)
    const { name, path, release } = await this.#fetcher.fetch(location)
    try {
      return await this.#store.unpack(name, path, sha256)
    } finally {
      await release()
    }
  }
}
