import type { ModelConfig } from '../../archiver-cli/format/model-config.ts'
import { formatModelId, type ModelId } from '../../worker/contract/model-id.ts'
import type { ArchiveSource } from './archive-source.ts'
import {
  artefactOf,
  effectiveCall,
  layersOf,
  type Candidate,
  type DeclaredSettings,
  type Precedence,
} from './candidate.ts'
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
import {
  alreadyRegistered,
  defaultVersionInUse,
  notServing,
  registeredAsFailed,
  stillStarting,
} from './errors.ts'
import type { EventBus } from './events.ts'
import { KeyedLock } from './keyed-lock.ts'
import type { ModelRegistry } from './model-registry.ts'
import { ModelVersion } from './model-version.ts'
import type { RegistryJournal } from './registry-journal.ts'
import { resolveSettings, type SettingDefaults } from './settings.ts'
import type { VersionRecord } from './snapshot.ts'
import type { WorkerSetFactory } from './workers/worker-set-factory.ts'

export type ManagementOptions = {
  readonly registry: ModelRegistry
  readonly archives: ArchiveSource
  readonly journal: RegistryJournal
  readonly workerSets: WorkerSetFactory
  readonly events: EventBus
  readonly clock: Clock
  readonly defaults: SettingDefaults
  readonly precedence: Precedence
  readonly declared: DeclaredSettings
  readonly unregisterTimeoutMs: number
}

/**
 * The control plane over registry, archives and journal.
 *
 * Changes of one version happen one after the other; those of another version never wait for its workers. A change
 * is durable before it is acknowledged; a change that fails leaves things as they were.
 */
export class ManagementService implements ControlPlane {
  readonly #options: ManagementOptions
  readonly #versionLock = new KeyedLock()
  /** Held for a moment, while it is settled which version of a model is the default. */
  readonly #defaultLock = new KeyedLock()
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
    const stored = await this.#options.archives.load(request.archive, request.sha256)
    const { initialWorkers, settings } = request
    const candidate: Candidate = {
      stored,
      name: request.name,
      handler: request.handler,
      overrides: { ...settings, ...(initialWorkers === undefined ? {} : { minWorkers: initialWorkers }) },
      loadedAtStartup: false,
      repeatable: request.repeatable,
    }
    return request.synchronous ? this.registerAndWait(candidate) : this.#registerInBackground(candidate)
  }

  /** Loads and warms the version before it is acknowledged; nothing of it stays if that fails. */
  registerAndWait(candidate: Candidate): Promise<WorkersOutcome> {
    const version = this.#versionOf(candidate)
    return this.#exclusively(version.model, async () => {
      const earlier = this.#earlierOf(version, candidate)
      if (earlier !== undefined) return earlier
      await this.#addAnd(version, () =>
        version.scale(version.settings, () => this.#record(version, candidate)),
      )
      return outcomeOf(version)
    })
  }

  /** Registers durably, then starts the workers; a failure shows as state `failed` with its reason. */
  async #registerInBackground(candidate: Candidate): Promise<WorkersOutcome> {
    const version = this.#versionOf(candidate)
    // Before its turn too: the same archive may be loading, and this call waits for no load.
    const known = this.#earlierOf(version, candidate)
    if (known !== undefined) return known
    const earlier = await this.#exclusively(version.model, async () => {
      const found = this.#earlierOf(version, candidate)
      if (found === undefined) await this.#addAnd(version, () => this.#record(version, candidate))
      return found
    })
    const workers = version.settings.minWorkers
    if (earlier !== undefined || workers === 0) return earlier ?? outcomeOf(version)
    this.#scaleInBackground(version)
    return { model: version.model, state: 'loading', workers }
  }

  /** How the same archive, registered before, is doing. @throws ServingError `already_exists` | `failed_precondition` */
  #earlierOf({ artefact }: ModelVersion, { repeatable = true }: Candidate): WorkersOutcome | undefined {
    const earlier = this.#options.registry.find(artefact.model)
    if (earlier === undefined) return undefined
    if (!repeatable || earlier.artefact.digest !== artefact.digest) throw alreadyRegistered(artefact.model)
    if (earlier.state === 'failed') throw registeredAsFailed(artefact.model, earlier.reason ?? 'unknown')
    return { ...outcomeOf(earlier), existing: true }
  }

  /** Adds the version, and takes it out again if what follows fails. */
  async #addAnd(version: ModelVersion, complete: () => Promise<void>): Promise<void> {
    this.#options.registry.add(version)
    try {
      await complete()
    } catch (error) {
      await this.#forget(version)
      throw error
    }
  }

  #record(version: ModelVersion, { overrides, handler }: Candidate): Promise<void> {
    const { precedence, journal } = this.#options
    const layers = layersOf(version.artefact, overrides, this.#options)
    return journal.record(version, effectiveCall(layers, precedence), handler)
  }

  /** Puts a version of an earlier run back, without its workers. */
  restore(candidate: Candidate, record: VersionRecord): ModelVersion {
    // Its settings are those that had an effect: nothing outranks them now.
    const version = this.#versionOf(candidate, candidate.overrides)
    this.#options.registry.add(version)
    const { archive, digest } = version.artefact
    this.#options.journal.restored(version, { ...record, archive, digest })
    return version
  }

  /** Starts the workers of a version that was restored. */
  start(version: ModelVersion): Promise<void> {
    return this.#exclusively(version.model, () => version.scale(version.settings))
  }

  async scale({ model, minWorkers, maxWorkers, synchronous }: ScaleRequest): Promise<WorkersOutcome> {
    this.#checkOpen()
    const { registry, journal, defaults } = this.#options
    const id = registry.resolve(model).model
    return this.#exclusively(id, async () => {
      const version = registry.resolve(id)
      const record = journal.recordOf(version)
      // A configuration has no `maxWorkers` of 0: there would be nothing to scale up to.
      const overrides = { ...record.settings, minWorkers, maxWorkers: Math.max(1, maxWorkers ?? minWorkers) }
      const settings = resolveSettings(layersOf(version.artefact, overrides, this.#options), defaults)
      const commit = () => journal.record(version, overrides, record.handler)
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
    const { registry, journal } = this.#options
    // A version that is still being registered may fail: its own registration is waited for, no other.
    if (!journal.has(registry.resolve(model))) await this.#exclusively(model, NOTHING)
    await this.#defaultLock.run(model.name, async () => {
      if (!journal.has(registry.resolve(model))) throw notServing(model, 'draining', 'it is leaving', 1000)
      const before = registry.defaultVersionOf(model.name)
      registry.setDefault(model)
      try {
        await journal.recordDefault(model.name)
      } catch (error) {
        const former = { name: model.name, version: before }
        if (registry.has(former)) registry.setDefault(former)
        throw error
      }
    })
  }

  async unregister(selector: ModelSelector): Promise<ModelId> {
    this.#checkOpen()
    const { registry, journal, unregisterTimeoutMs } = this.#options
    const absent = registry.find(selector) === undefined ? await journal.forgetRetained(selector) : undefined
    if (absent !== undefined) return absent
    const { model } = this.#unregistrable(selector)
    await registry.resolve(model).abandonStart()
    return this.#exclusively(model, async () => {
      const version = await this.#defaultLock.run(model.name, async () => {
        const found = this.#unregistrable(model)
        await journal.erase(found)
        return found
      })
      await version.unload(unregisterTimeoutMs)
      this.#remove(version)
      return model
    })
  }

  /** @throws ServingError `not_found` | `failed_precondition` */
  #unregistrable(selector: ModelSelector): ModelVersion {
    const { registry } = this.#options
    const version = registry.resolve(selector)
    const isDefault = registry.defaultVersionOf(selector.name) === version.model.version
    const others = registry.versionsOf(selector.name).filter((each) => each !== version && !isLeaving(each))
    if (isDefault && others.length > 0) throw defaultVersionInUse(version.model)
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

  #exclusively<T>(model: ModelId, change: () => Promise<T>): Promise<T> {
    return this.#versionLock.run(formatModelId(model), change)
  }

  /** A version from its candidate, not registered yet. @throws ServingError `invalid_argument` */
  #versionOf(candidate: Candidate, effective?: ModelConfig): ModelVersion {
    const { precedence, defaults, workerSets, events, clock } = this.#options
    const artefact = artefactOf(candidate)
    const layers = layersOf(artefact, candidate.overrides, this.#options)
    const call = effective ?? effectiveCall(layers, precedence)
    const settings = resolveSettings({ ...layers, call }, defaults)
    const { loadedAtStartup } = candidate
    return new ModelVersion({ artefact, settings, loadedAtStartup, workerSets, events, clock })
  }

  #scaleInBackground(version: ModelVersion, settings = version.settings): void {
    this.#exclusively(version.model, () => version.scale(settings)).catch(() => undefined) // the version's state says why
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

function outcomeOf(version: ModelVersion): WorkersOutcome {
  const workers = version.workers?.readyWorkers ?? 0
  return { model: version.model, state: outcomeStateOf(version, workers), workers }
}

function outcomeStateOf(version: ModelVersion, workers: number): WorkersOutcome['state'] {
  if (version.state === 'loading') return 'loading'
  if (version.state !== 'ready') return 'no_workers'
  return workers < version.settings.minWorkers ? 'partial' : 'ready'
}

function isLeaving({ state }: ModelVersion): boolean {
  return state === 'draining' || state === 'unloading' || state === 'unloaded'
}

/** Taking a turn without a change: whatever came before has ended. */
const NOTHING = () => Promise.resolve()
