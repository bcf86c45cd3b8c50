import type { ModelId } from '../../worker/contract/model-id.ts'
import type { Candidate } from './candidate.ts'
import type {
  ControlPlane,
  LoadRequest,
  ModelSummary,
  RegisterRequest,
  RepositoryEntry,
  ScaleRequest,
  ServedModel,
  ServedModelOutcome,
  VersionDescription,
  WorkersOutcome,
} from './control-plane.ts'
import type { ModelSelector } from './data-plane.ts'
import { describeVersion } from './description.ts'
import type { Labels } from './label-table.ts'
import { Changes, type ManagementOptions } from './management/changes.ts'
import { removeLabel, setLabel, setLabels } from './management/labels.ts'
import { register, registerAndWait, restore } from './management/register.ts'
import { scale } from './management/scale.ts'
import { setDefault } from './management/set-default.ts'
import { unregister } from './management/unregister.ts'
import type { ModelVersion } from './model-version.ts'
import { ModelList, type ModelListOptions } from './repository/model-list.ts'
import { ModelSources, type ModelSourcesOptions, type SourceFailure } from './repository/model-sources.ts'
import { Repository, type RepositoryOptions } from './repository/repository.ts'
import { StoreWatch } from './repository/store-watch.ts'
import type { VersionRecord } from './snapshot.ts'
import { VersionManager } from './version-manager.ts'

export type { ManagementOptions }

/** Where models lie, and who decides which of them are loaded. */
export type RepositoryChoice = Pick<RepositoryOptions, 'source' | 'staging' | 'mode'> &
  Pick<ModelListOptions, 'offeredAt' | 'allowUnavailable'> &
  Pick<ModelSourcesOptions, 'configFile' | 'listed' | 'pollMs'>

/**
 * The control plane over registry, archives and journal; each use case is a file in `management/`.
 *
 * Changes of one version happen one after the other; those of another version never wait for its workers. A change
 * is durable before it is acknowledged; a change that fails leaves things as they were.
 */
export class ManagementService implements ControlPlane {
  readonly #changes: Changes
  readonly #manager: VersionManager
  readonly #repository: Repository
  readonly #list: ModelList
  readonly #sources: ModelSources

  constructor(options: ManagementOptions & RepositoryChoice) {
    this.#changes = new Changes(options)
    const { source, mode, events } = options
    this.#manager = new VersionManager(this.#changes)
    const shared = { changes: this.#changes, manager: this.#manager }
    const note = (notice: string) => void events.emit('repositoryNotice', { notice })
    this.#repository = new Repository({ ...options, ...shared })
    this.#list = new ModelList({ ...options, ...shared })
    this.#sources = new ModelSources({
      ...options,
      ...shared,
      list: this.#list,
      ...(mode === 'poll' ? { store: new StoreWatch({ ...shared, source, note }) } : {}),
      note,
    })
  }

  /** Loads what the sources of models say, and follows them. @returns what could not be loaded */
  followSources(): Promise<SourceFailure[]> {
    return this.#sources.start()
  }

  /** Everything acknowledged before is back in the registry: it may be changed, and written, from now on. */
  open(): void {
    this.#changes.open()
  }

  async register(request: RegisterRequest): Promise<WorkersOutcome> {
    this.#changes.checkOpen()
    return register(this.#changes, request)
  }

  registerAndWait(candidate: Candidate): Promise<WorkersOutcome> {
    return registerAndWait(this.#changes, candidate)
  }

  restore(candidate: Candidate, record: VersionRecord): ModelVersion {
    return restore(this.#changes, candidate, record)
  }

  /** Starts the workers of a version that was restored. */
  start(version: ModelVersion): Promise<void> {
    return this.#changes.exclusively(version.model, () => version.scale(version.settings))
  }

  async scale(request: ScaleRequest): Promise<WorkersOutcome> {
    this.#changes.checkOpen()
    return scale(this.#changes, request)
  }

  async setDefault(model: ModelId): Promise<void> {
    this.#changes.checkOpen()
    await setDefault(this.#changes, model)
  }

  async setLabels(name: string, labels: Labels): Promise<void> {
    this.#changes.checkOpen()
    await setLabels(this.#changes, name, labels)
  }

  async setLabel(model: ModelId, label: string): Promise<void> {
    this.#changes.checkOpen()
    await setLabel(this.#changes, model, label)
  }

  async removeLabel(name: string, label: string): Promise<void> {
    this.#changes.checkOpen()
    await removeLabel(this.#changes, name, label)
  }

  labelsOf(name: string): Labels {
    const { registry } = this.#changes.options
    registry.resolve({ name })
    return registry.labels.of(name)
  }

  async unregister(selector: ModelSelector): Promise<ModelId> {
    this.#changes.checkOpen()
    return unregister(this.#changes, selector)
  }

  index(): Promise<readonly RepositoryEntry[]> {
    return this.#repository.index()
  }

  async load(request: LoadRequest): Promise<void> {
    await this.#repository.load(request)
  }

  async unload(request: { readonly name: string }): Promise<void> {
    await this.#repository.unload(request)
  }

  async applyModelConfig(models: readonly ServedModel[]): Promise<readonly ServedModelOutcome[]> {
    this.#changes.checkOpen()
    return this.#list.apply(models)
  }

  describe(selector: ModelSelector): readonly VersionDescription[] {
    const { registry } = this.#changes.options
    const defaultVersion = registry.defaultVersionOf(selector.name)
    const versions =
      selector.version === 'all' ? registry.versionsOf(selector.name) : [registry.resolve(selector)]
    return versions.map((version) => {
      const isDefault = version.model.version === defaultVersion
      return describeVersion(version, { isDefault, labels: registry.labels.ofVersion(version.model) })
    })
  }

  list(): readonly ModelSummary[] {
    const { registry } = this.#changes.options
    return registry.names().map((name) => ({ name, archive: registry.resolve({ name }).artefact.archive }))
  }

  /** Drains and ends every version. */
  async close(drainTimeoutMs: number): Promise<void> {
    this.#sources.close()
    this.#manager.close()
    this.#changes.close()
    const { registry } = this.#changes.options
    const versions = [...registry.all(), ...this.#changes.leaving]
    await Promise.all(versions.map((version) => version.unload(drainTimeoutMs)))
    await this.#manager.untilIdle()
  }
}
