import type { ModelConfig } from '../../archiver-cli/format/model-config.ts'
import { ServingError } from '../../worker/contract/errors.ts'
import { isValidName, type ModelId } from '../../worker/contract/model-id.ts'
import { BUILT_IN_HANDLERS } from '../../worker/contract/built-in-handlers.ts'
import type { Artefact } from './artefact.ts'
import type { Clock } from './clock.ts'
import type {
  ControlPlane,
  ModelSummary,
  RegisterRequest,
  ScaleRequest,
  VersionDescription,
  WorkersOutcome,
} from './control-plane.ts'
import type { ModelSelector } from './data-plane.ts'
import { describeVersion } from './description.ts'
import { alreadyRegistered, defaultVersionInUse, stillStarting } from './errors.ts'
import type { EventBus } from './events.ts'
import { KeyedLock } from './keyed-lock.ts'
import type { ModelRegistry } from './model-registry.ts'
import type { ModelStore, StoredModel } from './model-store.ts'
import { ModelVersion } from './model-version.ts'
import type { RegistryJournal } from './registry-journal.ts'
import { resolveSettings, type SettingDefaults } from './settings.ts'
import type { VersionRecord } from './snapshot.ts'
import type { WorkerSetFactory } from './workers/worker-set-factory.ts'

export type ManagementOptions = {
  readonly registry: ModelRegistry
  readonly store: ModelStore
  readonly journal: RegistryJournal
  readonly workerSets: WorkerSetFactory
  readonly events: EventBus
  readonly clock: Clock
  readonly defaults: SettingDefaults
  readonly unregisterTimeoutMs: number
}

/** A version about to be registered. */
export type Candidate = {
  readonly stored: StoredModel
  readonly name?: string | undefined
  readonly handler?: string | undefined
  readonly overrides: ModelConfig
  readonly loadedAtStartup: boolean
}

/**
 * The control plane over registry, store and journal.
 *
 * Changes of one model happen one after the other. A change is durable before it is acknowledged; a change that
 * fails leaves things as they were.
 */
export class ManagementService implements ControlPlane {
  readonly #options: ManagementOptions
  readonly #lock = new KeyedLock()
  #isOpen = false

  constructor(options: ManagementOptions) {
    this.#options = options
  }

  /** Everything acknowledged before is back in the registry: it may be changed, and written, from now on. */
  open(): void {
    this.#isOpen = true
  }

  async register(request: RegisterRequest): Promise<WorkersOutcome> {
    this.#checkOpen()
    const stored = await this.#options.store.load(request.archive)
    const { initialWorkers, settings } = request
    const candidate: Candidate = {
      stored,
      name: request.name,
      handler: request.handler,
      overrides: { ...settings, ...(initialWorkers === undefined ? {} : { minWorkers: initialWorkers }) },
      loadedAtStartup: false,
    }
    return request.synchronous ? this.registerAndWait(candidate) : this.#registerInBackground(candidate)
  }

  /** Loads and warms the version before it is acknowledged; nothing of it stays if that fails. */
  registerAndWait(candidate: Candidate): Promise<WorkersOutcome> {
    const version = this.#versionOf(candidate)
    return this.#lock.run(version.model.name, async () => {
      this.#options.registry.add(version)
      try {
        await version.scale(version.settings, () =>
          this.#options.journal.record(version, candidate.overrides, candidate.handler),
        )
      } catch (error) {
        await this.#forget(version)
        throw error
      }
      return outcomeOf(version)
    })
  }

  /** Registers durably, then starts the workers; a failure shows as state `failed` with its reason. */
  async #registerInBackground(candidate: Candidate): Promise<WorkersOutcome> {
    const version = this.#versionOf(candidate)
    await this.#lock.run(version.model.name, async () => {
      this.#options.registry.add(version)
      try {
        await this.#options.journal.record(version, candidate.overrides, candidate.handler)
      } catch (error) {
        await this.#forget(version)
        throw error
      }
    })
    const workers = version.settings.minWorkers
    if (workers === 0) return outcomeOf(version)
    this.#scaleInBackground(version)
    return { model: version.model, state: 'loading', workers }
  }

  /** Puts a version of an earlier run back, without its workers. */
  restore(candidate: Candidate, record: VersionRecord): ModelVersion {
    const version = this.#versionOf(candidate)
    this.#options.registry.add(version)
    const { archive, digest } = version.artefact
    this.#options.journal.restored(version, { ...record, archive, digest })
    return version
  }

  /** Runs while no other change of the model does. */
  exclusively(name: string, change: () => Promise<unknown>): Promise<unknown> {
    return this.#lock.run(name, change)
  }

  async scale({ model, minWorkers, maxWorkers, synchronous }: ScaleRequest): Promise<WorkersOutcome> {
    this.#checkOpen()
    const { name } = this.#options.registry.resolve(model).model
    return this.#lock.run(name, async () => {
      const version = this.#options.registry.resolve(model)
      const record = this.#options.journal.recordOf(version)
      const overrides = { ...record.settings, minWorkers, maxWorkers: maxWorkers ?? Math.max(1, minWorkers) }
      const settings = resolveSettings(overrides, version.artefact.config, this.#options.defaults)
      const commit = () => this.#options.journal.record(version, overrides, record.handler)
      if (synchronous) {
        await version.scale(settings, commit)
        return outcomeOf(version)
      }
      await commit()
      this.#scaleInBackground(version, settings)
      return { model: version.model, state: minWorkers === 0 ? 'no_workers' : 'loading', workers: minWorkers }
    })
  }

  async setDefault(model: ModelId): Promise<void> {
    this.#checkOpen()
    await this.#lock.run(model.name, async () => {
      const { registry, journal } = this.#options
      registry.resolve(model)
      const before = registry.defaultVersionOf(model.name)
      registry.setDefault(model)
      try {
        await journal.recordDefault(model.name)
      } catch (error) {
        registry.setDefault({ name: model.name, version: before })
        throw error
      }
    })
  }

  async unregister(selector: ModelSelector): Promise<ModelId> {
    this.#checkOpen()
    const { journal, unregisterTimeoutMs } = this.#options
    await this.#unregistrable(selector).abandonStart()
    return this.#lock.run(selector.name, async () => {
      const version = this.#unregistrable(selector)
      await journal.erase(version)
      await version.unload(unregisterTimeoutMs)
      this.#remove(version)
      return version.model
    })
  }

  /** @throws ServingError `not_found` | `failed_precondition` */
  #unregistrable(selector: ModelSelector): ModelVersion {
    const { registry } = this.#options
    const version = registry.resolve(selector)
    const isDefault = registry.defaultVersionOf(selector.name) === version.model.version
    if (isDefault && registry.versionsOf(selector.name).length > 1) throw defaultVersionInUse(version.model)
    return version
  }

  describe(selector: ModelSelector): readonly VersionDescription[] {
    const { registry } = this.#options
    const defaultVersion = registry.defaultVersionOf(selector.name)
    const versions =
      selector.version === 'all' ? registry.versionsOf(selector.name) : [registry.resolve(selector)]
    return versions.map((version) => describeVersion(version, version.model.version === defaultVersion))
  }

  list(): readonly ModelSummary[] {
    const { registry } = this.#options
    return registry.names().map((name) => ({ name, archive: registry.resolve({ name }).artefact.archive }))
  }

  /** Drains and ends every version. */
  async close(drainTimeoutMs: number): Promise<void> {
    await Promise.all(this.#options.registry.all().map((version) => version.unload(drainTimeoutMs)))
  }

  #checkOpen(): void {
    if (!this.#isOpen) throw stillStarting()
  }

  /** A version from its candidate, not registered yet. @throws ServingError `invalid_argument` | `already_exists` */
  #versionOf(candidate: Candidate): ModelVersion {
    const { registry, defaults, workerSets, events, clock } = this.#options
    const artefact = artefactOf(candidate)
    if (registry.has(artefact.model)) throw alreadyRegistered(artefact.model)
    const settings = resolveSettings(candidate.overrides, artefact.config, defaults)
    const { loadedAtStartup } = candidate
    return new ModelVersion({ artefact, settings, loadedAtStartup, workerSets, events, clock })
  }

  #scaleInBackground(version: ModelVersion, settings = version.settings): void {
    const { name } = version.model
    this.#lock.run(name, () => version.scale(settings)).catch(() => undefined) // the version's state says why
  }

  /** Undoes a registration that was never acknowledged. */
  async #forget(version: ModelVersion): Promise<void> {
    await version.unload(0)
    this.#remove(version)
    // Its start may have been given up just when it had become durable.
    if (this.#options.journal.has(version)) await this.#options.journal.erase(version)
  }

  #remove(version: ModelVersion): void {
    this.#options.registry.remove(version.model)
    this.#options.events.emit('versionRemoved', { model: version.model })
  }
}

function artefactOf({ stored, name, handler }: Candidate): Artefact {
  const { modelName, modelVersion, handler: ownHandler } = stored.manifest.model
  const model = { name: name ?? modelName, version: modelVersion }
  if (!isValidName(model.name)) {
    throw new ServingError(
      'invalid_argument',
      `'${model.name}' cannot name a model: use letters, digits, '.', '_' and '-', starting with a letter or digit`,
      { reason: 'model_name' },
    )
  }
  const known = [...BUILT_IN_HANDLERS, ...stored.manifest.files.map((file) => file.path)]
  if (handler !== undefined && !known.includes(handler)) {
    throw new ServingError(
      'invalid_argument',
      `handler '${handler}' is neither built in (${BUILT_IN_HANDLERS.join(', ')}) nor a file of archive '${stored.archive}'`,
      { reason: 'handler' },
    )
  }
  return { model, handler: handler ?? ownHandler, ...stored }
}

function outcomeOf(version: ModelVersion): WorkersOutcome {
  const workers = version.workers?.readyWorkers ?? 0
  return { model: version.model, state: version.state === 'ready' ? 'ready' : 'no_workers', workers }
}
