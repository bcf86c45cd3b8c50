import { compareVersions, type ModelId } from '../../worker/contract/model-id.ts'
import type { ModelSelector } from './data-plane.ts'
import { alreadyRegistered, modelNotFound, versionNotFound } from './errors.ts'
import type { ModelVersion } from './model-version.ts'

type Model = { defaultVersion: string; readonly versions: Map<string, ModelVersion> }

/** Name → versions. The only place that says what an unversioned request gets. */
export class ModelRegistry {
  readonly #models = new Map<string, Model>()

  /** Adds a version; the first one of a model becomes its default. @throws ServingError `already_exists` */
  add(version: ModelVersion): void {
    const { name, version: versionName } = version.model
    const model = this.#models.get(name)
    if (model === undefined) {
      this.#models.set(name, { defaultVersion: versionName, versions: new Map([[versionName, version]]) })
    } else if (model.versions.has(versionName)) {
      throw alreadyRegistered(version.model)
    } else {
      model.versions.set(versionName, version)
    }
  }

  has({ name, version }: ModelId): boolean {
    return this.#models.get(name)?.versions.has(version) ?? false
  }

  /** What {@link resolve} would give, or undefined where it would throw. */
  find({ name, version }: ModelSelector): ModelVersion | undefined {
    const model = this.#models.get(name)
    return model?.versions.get(version ?? model.defaultVersion)
  }

  /** @throws ServingError `not_found` */
  resolve(selector: ModelSelector): ModelVersion {
    const model = this.#model(selector.name)
    const version = model.versions.get(selector.version ?? model.defaultVersion)
    if (version === undefined)
      throw versionNotFound(selector, [...model.versions.keys()].sort(compareVersions))
    return version
  }

  /** @throws ServingError `not_found` */
  versionsOf(name: string): ModelVersion[] {
    const versions = [...this.#model(name).versions.values()]
    return versions.sort((a, b) => compareVersions(a.model.version, b.model.version))
  }

  /** @throws ServingError `not_found` */
  defaultVersionOf(name: string): string {
    return this.#model(name).defaultVersion
  }

  /** @throws ServingError `not_found` */
  setDefault({ name, version }: ModelId): void {
    this.resolve({ name, version })
    this.#model(name).defaultVersion = version
  }

  remove({ name, version }: ModelId): void {
    const model = this.#models.get(name)
    model?.versions.delete(version)
    if (model === undefined) return
    // The default leaves before others only when it never came to be: then the eldest takes its place.
    const [eldest] = model.versions.keys()
    if (eldest === undefined) this.#models.delete(name)
    else if (!model.versions.has(model.defaultVersion)) model.defaultVersion = eldest
  }

  /** Model names in order. */
  names(): string[] {
    return [...this.#models.keys()].sort()
  }

  all(): ModelVersion[] {
    return this.names().flatMap((name) => this.versionsOf(name))
  }

  #model(name: string): Model {
    const model = this.#models.get(name)
    if (model === undefined) throw modelNotFound(name, this.names())
    return model
  }
}
