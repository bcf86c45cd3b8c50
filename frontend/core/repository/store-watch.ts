import { messageOf } from '../../../worker/contract/errors.ts'
import type { VersionManager } from '../version-manager.ts'
import { SettledOffers } from './settled-offers.ts'
import { chosenVersions, type RepositorySource } from './source.ts'

export type StoreWatchOptions = {
  readonly manager: VersionManager
  readonly source: RepositorySource
  /** Told once of each problem, until it changes. */
  readonly note: (problem: string) => void
}

/**
 * Follows the model store: what it holds is aspired to, what leaves it is not.
 *
 * A store that is missing or empty unloads nothing: it looks so while a disk is being mounted. Nor does a model whose
 * files cannot be read.
 */
export class StoreWatch {
  readonly #options: StoreWatchOptions
  readonly #offers = new SettledOffers()
  readonly #followed = new Set<string>()
  readonly #noted = new Map<string, string>()
  #hasLooked = false

  constructor(options: StoreWatchOptions) {
    this.#options = options
  }

  /** Looks at the store and says what is aspired; the manager's `reconcile` does the rest. */
  async look(): Promise<void> {
    const { source } = this.#options
    const models = await source.models().catch((error: unknown) => {
      this.#note('', `the model store cannot be read, and what is served stays: ${messageOf(error)}`)
      return undefined
    })
    if (models === undefined) return
    if (models.length === 0) {
      if (this.#followed.size > 0) this.#note('', 'the model store is empty, and what is served stays')
      return
    }
    this.#noted.delete('')
    for (const model of models) {
      if (model.error === undefined) {
        this.#noted.delete(model.name)
        this.#follow(this.#offers.settle(model, !this.#hasLooked))
      } else this.#note(model.name, `model '${model.name}' stays as it is: ${messageOf(model.error)}`)
    }
    this.#leave(new Set(models.map(({ name }) => name)))
    this.#hasLooked = true
  }

  #follow({ name, versions }: { name: string; versions: Parameters<typeof chosenVersions>[0] }): void {
    const chosen = chosenVersions(versions)
    // Its files are still on their way.
    if (chosen.length === 0) return
    this.#followed.add(name)
    this.#options.manager.aspire(name, { versions: chosen })
  }

  #leave(present: ReadonlySet<string>): void {
    for (const name of this.#followed) {
      if (present.has(name)) continue
      this.#followed.delete(name)
      this.#offers.forget(name)
      this.#noted.delete(name)
      this.#options.manager.aspire(name, { versions: [] })
    }
  }

  #note(about: string, problem: string): void {
    if (this.#noted.get(about) === problem) return
    this.#noted.set(about, problem)
    this.#options.note(problem)
  }
}
