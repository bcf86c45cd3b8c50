import { isAbsolute } from 'node:path'
import { isValidName } from '../../../worker/contract/model-id.ts'
import type { ServedModel, ServedModelOutcome } from '../control-plane.ts'
import { versionNotFound } from '../errors.ts'
import { KeyedLock } from '../keyed-lock.ts'
import type { Changes } from '../management/changes.ts'
import { setLabels, type LabelRules } from '../management/labels.ts'
import type { VersionManager } from '../version-manager.ts'
import { badModelList, badModelName, nothingToServe } from './errors.ts'
import { SettledOffers } from './settled-offers.ts'
import { chosenVersions, type OfferedAt, type OfferedModel } from './source.ts'

export type ModelListOptions = LabelRules & {
  readonly changes: Changes
  readonly manager: VersionManager
  readonly offeredAt: OfferedAt
}

const ALL = ''

/** The models that a list names: TF Serving's `model_config_list`, from a file or a request. */
export class ModelList {
  readonly #options: ModelListOptions
  readonly #offers = new SettledOffers()
  readonly #turns = new KeyedLock()
  #models: readonly ServedModel[] = []
  /** Models whose labels could not be set: they are tried again at the next look. */
  readonly #unlabelled = new Set<string>()

  constructor(options: ModelListOptions) {
    this.#options = options
  }

  /** Replaces the list. @throws ServingError `invalid_argument`; nothing is changed then */
  apply(models: readonly ServedModel[]): Promise<ServedModelOutcome[]> {
    checkList(models)
    return this.#turns.run(ALL, async () => {
      const gone = this.#models.filter(({ name }) => !models.some((each) => each.name === name))
      const staged = await Promise.all(models.map((each) => this.#stage(each, true)))
      this.#models = models
      for (const { name } of gone) {
        this.#offers.forget(name)
        this.#unlabelled.delete(name)
        this.#options.manager.aspire(name, { versions: [] })
      }
      const left = gone.map(({ name }) => this.#options.manager.converge(name))
      const outcomes = await Promise.all(staged.map((each) => this.#commit(each)))
      await Promise.allSettled(left)
      return outcomes
    })
  }

  /** Looks at the directories again and says what is aspired; the manager's `reconcile` does the rest. */
  look(): Promise<void> {
    return this.#turns.run(ALL, async () => {
      for (const { model, versions } of await Promise.all(
        this.#models.map((each) => this.#stage(each, false)),
      )) {
        if (versions.length > 0) this.#options.manager.aspire(model.name, { versions })
        if (this.#unlabelled.has(model.name)) await this.#label(model)
      }
    })
  }

  /** What of a model there is to serve; nothing is changed. */
  async #stage(model: ServedModel, isTrusted: boolean): Promise<Staged> {
    const { name, basePath, choice } = model
    try {
      const offered = await this.#options.offeredAt(name, basePath)
      if (offered.error !== undefined) throw offered.error
      const versions = chosenVersions(this.#offers.settle(offered, isTrusted).versions, choice)
      const error = missingOf(model, offered)
      return { model, versions, ...(error === undefined ? {} : { error }) }
    } catch (error) {
      return { model, versions: [], error: errorOf(error) }
    }
  }

  /** A model of which there is nothing to serve keeps what it has. */
  async #commit({ model, versions, error }: Staged): Promise<ServedModelOutcome> {
    const { manager } = this.#options
    const { name } = model
    if (versions.length === 0) return { name, error: error ?? nothingToServe(name, model.basePath) }
    try {
      manager.retryNow(name)
      manager.aspire(name, { versions })
      await manager.converge(name)
      const problem = manager.failuresOf(name)[0]?.error ?? error ?? (await this.#label(model))
      return problem === undefined ? { name } : { name, error: problem }
    } catch (failure) {
      return { name, error: errorOf(failure) }
    }
  }

  /** @returns why the labels are not as they should be */
  async #label({ name, labels }: ServedModel): Promise<Error | undefined> {
    if (labels === undefined) return undefined
    const { changes, allowUnavailable = false } = this.#options
    try {
      const targets = Object.entries(labels).map(([label, integerVersion]) => {
        const version = changes.options.registry.resolve({ name, integerVersion })
        return [label, version.model.version]
      })
      await setLabels(changes, name, Object.fromEntries(targets) as Record<string, string>, {
        allowUnavailable,
      })
      this.#unlabelled.delete(name)
      return undefined
    } catch (error) {
      this.#unlabelled.add(name)
      return errorOf(error)
    }
  }
}

type Staged = {
  readonly model: ServedModel
  readonly versions: OfferedModel['versions']
  readonly error?: Error
}

/** A version that is named and not there; the others are served all the same. */
function missingOf({ name, choice }: ServedModel, { versions }: OfferedModel): Error | undefined {
  if (choice.kind !== 'specific') return undefined
  const known = versions.map(({ version }) => version)
  const missing = choice.versions.find((each) => !known.includes(each))
  return missing === undefined ? undefined : versionNotFound({ name, version: missing }, known)
}

/** @throws ServingError `invalid_argument` */
function checkList(models: readonly ServedModel[]): void {
  const names = new Set<string>()
  for (const { name, basePath, choice } of models) {
    if (!isValidName(name)) throw badModelName(name)
    if (names.has(name)) throw badModelList(`names model '${name}' twice`)
    names.add(name)
    if (!isAbsolute(basePath)) {
      throw badModelList(`gives model '${name}' the base path '${basePath}'; expected an absolute path`)
    }
    if (choice.kind === 'latest' && choice.count < 1) {
      throw badModelList(
        `asks for the latest ${choice.count} versions of model '${name}'; expected at least 1`,
      )
    }
    if (choice.kind === 'specific' && choice.versions.length === 0) {
      throw badModelList(`asks for specific versions of model '${name}' and names none`)
    }
  }
}

function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
