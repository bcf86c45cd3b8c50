import type { ServingError } from '../../worker/contract/errors.ts'
import { compareVersions, type ModelId } from '../../worker/contract/model-id.ts'
import type { ModelSelector } from './data-plane.ts'
import { alreadyRegistered, labelNotFound, modelNotFound, versionNotFound } from './errors.ts'
import { IntegerVersions } from './integer-versions.ts'
import { LabelTable } from './label-table.ts'
import type { ModelVersion } from './model-version.ts'

type Model = {
  defaultVersion: string
  readonly versions: Map<string, ModelVersion>
  readonly integers: IntegerVersions
}

/** Name → versions. The only place that says what an unversioned request gets, and what a label or an integer means. */
export class ModelRegistry {
  readonly labels: LabelTable
  readonly #models = new Map<string, Model>()
  readonly #onChange: (name: string) => void

  /** @param onChange told of a model whose versions, default or labels are others now */
  constructor(onChange: (name: string) => void = () => undefined) {
    this.#onChange = onChange
    this.labels = new LabelTable(onChange)
  }

  /**
   * Adds a version; the first one of a model becomes its default.
   *
   * @param integer by which it was known in an earlier run
   * @throws ServingError `already_exists`
   */
  add(version: ModelVersion, integer?: string): void {
    const { name, version: versionName } = version.model
    const model = this.#models.get(name) ?? newModel(versionName)
    if (model.versions.has(versionName)) throw alreadyRegistered(version.model)
    this.#models.set(name, model)
    model.versions.set(versionName, version)
    model.integers.add(versionName, integer)
    this.#onChange(name)
  }

  /** Puts a version in the place of the one of the same name, from one request to the next. */
  replace(former: ModelVersion, version: ModelVersion): void {
    const { versions } = this.#model(former.model.name)
    if (versions.get(former.model.version) === former) versions.set(former.model.version, version)
    this.#onChange(former.model.name)
  }

  has({ name, version }: ModelId): boolean {
    return this.#models.get(name)?.versions.has(version) ?? false
  }

  /** What {@link resolve} would give, or undefined where it would throw. */
  find(selector: ModelSelector): ModelVersion | undefined {
    const model = this.#models.get(selector.name)
    return model?.versions.get(this.#versionNameOf(model, selector) ?? '')
  }

  /** @throws ServingError `not_found` */
  resolve(selector: ModelSelector): ModelVersion {
    const model = this.#model(selector.name)
    const version = model.versions.get(this.#versionNameOf(model, selector) ?? '')
    if (version === undefined) throw this.#notFound(model, selector)
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
    this.#onChange(name)
  }

  /** The integer by which clients that know only integers name a version. @throws ServingError `not_found` */
  integerVersionOf(id: ModelId): string {
    this.resolve(id)
    return this.#model(id.name).integers.of(id.version) ?? id.version
  }

  remove({ name, version }: ModelId): void {
    const model = this.#models.get(name)
    if (model === undefined) return
    model.versions.delete(version)
    model.integers.remove(version)
    // The default leaves before others only when it never came to be: then the eldest takes its place.
    const [eldest] = model.versions.keys()
    if (eldest === undefined) this.#models.delete(name)
    else if (!model.versions.has(model.defaultVersion)) model.defaultVersion = eldest
    this.#onChange(name)
  }

  /** Model names in order. */
  names(): string[] {
    return [...this.#models.keys()].sort()
  }

  all(): ModelVersion[] {
    return this.names().flatMap((name) => this.versionsOf(name))
  }

  #versionNameOf(model: Model, { name, version, label, integerVersion }: ModelSelector): string | undefined {
    if (version !== undefined) return version
    if (label !== undefined) return this.labels.versionOf(name, label)
    return integerVersion === undefined ? model.defaultVersion : model.integers.versionOf(integerVersion)
  }

  #notFound(model: Model, selector: ModelSelector): ServingError {
    const { name, label } = selector
    if (label !== undefined) return labelNotFound(name, label, this.labels.of(name))
    const names = [...model.versions.keys()].sort(compareVersions)
    if (selector.integerVersion === undefined) return versionNotFound(selector, names)
    const known = names.map((each) => integerNamed(each, model.integers.of(each)))
    return versionNotFound(selector, known)
  }

  #model(name: string): Model {
    const model = this.#models.get(name)
    if (model === undefined) throw modelNotFound(name, this.names())
    return model
  }
}

function newModel(defaultVersion: string): Model {
  return { defaultVersion, versions: new Map(), integers: new IntegerVersions() }
}

/** `3`, or `3 (2.1)` where the version has another name. */
function integerNamed(version: string, integer = version): string {
  return integer === version ? version : `${integer} (${version})`
}
