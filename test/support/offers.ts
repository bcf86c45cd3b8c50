import type { StoredModel } from '../../frontend/core/archive-source.ts'
import type { ModelStore } from '../../frontend/core/model-store.ts'
import type { OfferedModel, OfferedVersion, RepositorySource } from '../../frontend/core/repository/source.ts'

const notLoaded = (): Promise<StoredModel> => Promise.reject(new Error('is not loaded in this test'))

/** A version written `name`, or `name@fingerprint`. */
export function offered(text: string, load: OfferedVersion['load'] = notLoaded): OfferedVersion {
  const [version = '', fingerprint = 'a'] = text.split('@')
  const configured = () => offered(`${version}@configured`, load)
  return { version, fingerprint, isAspired: true, load, configured }
}

/** A source of which a test says what it offers. */
export class FakeSource implements RepositorySource {
  /** Versions by model, each `name` or `name@fingerprint`; an error for a model that cannot be read. */
  offers: Readonly<Record<string, readonly string[] | Error>> = {}
  failure: Error | undefined
  /** How often it was looked at. */
  looks = 0
  readonly #load: (model: string, version: string) => Promise<StoredModel>

  constructor(load: (model: string, version: string) => Promise<StoredModel> = notLoaded) {
    this.#load = load
  }

  async models(): Promise<OfferedModel[]> {
    this.looks++
    if (this.failure !== undefined) throw this.failure
    return Object.keys(this.offers).map((name) => this.model(name))
  }

  model(name: string): OfferedModel {
    const versions = this.offers[name] ?? []
    if (versions instanceof Error) return { name, versions: [], error: versions }
    return { name, versions: versions.map((each) => this.#offered(name, each)) }
  }

  #offered(name: string, text: string): OfferedVersion {
    return offered(text, () => this.#load(name, text.split('@')[0] ?? ''))
  }
}

/** Loads version `n` of model `m` from the archive `mn` of a store. */
export const fromStore = (store: () => ModelStore) => (model: string, version: string) =>
  store().load(`${model}${version}`)
