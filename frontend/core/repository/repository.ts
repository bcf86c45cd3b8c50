import { join } from 'node:path'
import { messageOf } from '../../../worker/contract/errors.ts'
import {
  compareVersions,
  formatModelId,
  isValidName,
  type ModelId,
} from '../../../worker/contract/model-id.ts'
import { readConfigOverride, type ConfigOverride } from './config-override.ts'
import type { LoadRequest, RepositoryEntry } from '../control-plane.ts'
import { badModelName, modelNotInStore, filesNeedConfig, notExplicit, noVersionChosen } from './errors.ts'
import { KeyedLock } from '../keyed-lock.ts'
import type { Changes } from '../management/changes.ts'
import { chosenVersions, type OfferedAt, type OfferedModel, type RepositorySource } from './source.ts'
import { stageFiles } from './staged-files.ts'
import type { VersionManager } from '../version-manager.ts'

export const CONTROL_MODES = ['none', 'explicit', 'poll'] as const
/** Who decides what is loaded beside the start: nobody, calls, or the directory as it changes. */
export type ControlMode = (typeof CONTROL_MODES)[number]

export type RepositoryOptions = {
  readonly changes: Changes
  readonly manager: VersionManager
  readonly source: RepositorySource
  readonly offeredAt: OfferedAt
  /** Directory for what load requests bring along. */
  readonly staging: string
  readonly mode: ControlMode
}

/** How many versions that are gone are still told of. */
const MAX_REMEMBERED = 1000

/** The model store as a repository: what it holds, and loading and unloading by name. */
export class Repository {
  readonly #options: RepositoryOptions
  readonly #turns = new KeyedLock()
  readonly #overrides = new Map<string, ConfigOverride>()
  /** Versions that are not registered and once were, or should have been; the eldest first. */
  readonly #past = new Map<string, RepositoryEntry & { readonly version: string }>()

  constructor(options: RepositoryOptions) {
    this.#options = options
    const { events } = options.changes.options
    events.on('versionRemoved', ({ model }) => {
      this.#remember(model, { state: 'unloaded', reason: 'unloaded' })
    })
  }

  async index(): Promise<RepositoryEntry[]> {
    const offered = await this.#options.source.models()
    const versions = this.#versions()
    const loaded = new Set(versions.map(({ name }) => name))
    const others = offered.filter(({ name }) => !loaded.has(name)).map(neverLoaded)
    return [...versions, ...others].sort(inOrder)
  }

  async load(request: LoadRequest): Promise<void> {
    this.#check(request.name)
    const { name, config, files } = request
    if (files !== undefined && config === undefined) throw filesNeedConfig()
    const asked = config === undefined ? undefined : readConfigOverride(name, config)
    await this.#turns.run(name, async () => {
      const override = asked ?? this.#overrides.get(name)
      if (files === undefined) await this.#converge(name, await this.#offered(name), override)
      else await this.#loadFiles(name, files, override)
      if (override !== undefined) this.#overrides.set(name, override)
    })
  }

  async unload({ name }: { readonly name: string }): Promise<void> {
    this.#check(name)
    await this.#turns.run(name, async () => {
      const { registry } = this.#options.changes.options
      if (registry.find({ name }) === undefined) await this.#offered(name)
      this.#overrides.delete(name)
      this.#options.manager.aspire(name, { versions: [] })
      try {
        await this.#options.manager.converge(name)
      } finally {
        this.#options.manager.release(name)
      }
    })
  }

  /** What is loaded is unpacked before it is: the files are of no use afterwards. */
  async #loadFiles(
    name: string,
    files: ReadonlyMap<string, Uint8Array>,
    override: ConfigOverride | undefined,
  ): Promise<void> {
    const { root, remove } = await stageFiles(this.#options.staging, name, files)
    try {
      await this.#converge(name, await this.#options.offeredAt(name, join(root, name)), override)
    } finally {
      await remove()
    }
  }

  /** @throws what kept one of the versions from being loaded */
  async #converge(name: string, model: OfferedModel, override: ConfigOverride | undefined): Promise<void> {
    const { manager } = this.#options
    const chosen = chosenVersions(model.versions, override?.choice)
    if (chosen.length === 0) throw noVersionChosen(name, model.versions)
    const versions = override === undefined ? chosen : chosen.map((each) => each.configured(override.config))
    manager.release(name) // what failed before is tried anew
    manager.aspire(name, { versions })
    try {
      await manager.converge(name)
      const failures = manager.failuresOf(name)
      for (const { version, error } of failures) {
        this.#remember({ name, version }, { state: 'failed', reason: messageOf(error) })
      }
      if (failures[0] !== undefined) throw failures[0].error
    } finally {
      manager.release(name)
    }
  }

  /** @throws ServingError `not_found` | `invalid_argument` (its archive is broken) */
  async #offered(name: string): Promise<OfferedModel> {
    const models = await this.#options.source.models()
    const model = models.find((each) => each.name === name)
    if (model?.error !== undefined) throw model.error
    if (model !== undefined) return model
    throw modelNotInStore(
      name,
      models.map((each) => each.name),
    )
  }

  /** @throws ServingError */
  #check(name: string): void {
    const { changes, mode } = this.#options
    changes.checkOpen()
    if (!isValidName(name)) throw badModelName(name)
    if (mode !== 'explicit') throw notExplicit(mode)
  }

  #versions(): (RepositoryEntry & { readonly version: string })[] {
    const { registry } = this.#options.changes.options
    const registered = registry.all().map(({ model, state, reason }) => ({
      ...model,
      state,
      ...(reason === undefined ? {} : { reason }),
    }))
    const past = [...this.#past.values()].filter(({ name, version }) => !registry.has({ name, version }))
    return [...registered, ...past]
  }

  #remember(model: ModelId, fate: Pick<RepositoryEntry, 'state' | 'reason'>): void {
    const key = formatModelId(model)
    this.#past.delete(key)
    this.#past.set(key, { ...model, ...fate })
    const [eldest] = this.#past.keys()
    if (this.#past.size > MAX_REMEMBERED && eldest !== undefined) this.#past.delete(eldest)
  }
}

function neverLoaded({ name, error }: OfferedModel): RepositoryEntry {
  return error === undefined ? { name } : { name, reason: messageOf(error) }
}

function inOrder(a: RepositoryEntry, b: RepositoryEntry): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1
  return compareVersions(a.version ?? '', b.version ?? '')
}
