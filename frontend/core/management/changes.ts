import type { ModelConfig } from '../../../archiver-cli/format/model-config.ts'
import { formatModelId, type ModelId } from '../../../worker/contract/model-id.ts'
import type { ArchiveSource } from '../archive-source.ts'
import {
  artefactOf,
  effectiveCall,
  layersOf,
  type Candidate,
  type DeclaredSettings,
  type Precedence,
} from '../candidate.ts'
import type { Clock } from '../clock.ts'
import { shuttingDown, stillStarting } from '../errors.ts'
import type { EventBus } from '../events.ts'
import { KeyedLock } from '../keyed-lock.ts'
import type { ModelRegistry } from '../model-registry.ts'
import { ModelVersion } from '../model-version.ts'
import type { RegistryJournal } from '../registry-journal.ts'
import { isShareable, resolveSettings, type SettingDefaults } from '../settings.ts'
import type { WorkerSets } from '../workers/worker-set-factory.ts'

export type ManagementOptions = {
  readonly registry: ModelRegistry
  readonly archives: ArchiveSource
  readonly journal: RegistryJournal
  readonly workerSets: WorkerSets
  /** Processes that serve the versions; absent: this one only. */
  readonly frontends?: number | undefined
  readonly events: EventBus
  readonly clock: Clock
  readonly defaults: SettingDefaults
  readonly precedence: Precedence
  readonly declared: DeclaredSettings
  readonly unregisterTimeoutMs: number
  readonly random: () => number
}

/** What the changes of the registry share: its parts, whose turn it is, and whether it is open for them. */
export class Changes {
  readonly options: ManagementOptions
  /** Versions that are no longer in the registry and still drain. */
  readonly leaving = new Set<ModelVersion>()
  readonly #versionLock = new KeyedLock()
  readonly #modelLock = new KeyedLock()
  #isOpen = false
  #isClosed = false

  constructor(options: ManagementOptions) {
    this.options = options
  }

  open(): void {
    this.#isOpen = true
  }

  /** Nothing comes any more. */
  close(): void {
    this.#isClosed = true
  }

  /** @throws ServingError `unavailable` until everything acknowledged before is back, and once the server ends */
  checkOpen(): void {
    if (this.#isClosed) throw shuttingDown()
    if (!this.#isOpen) throw stillStarting()
  }

  /** One change of a version at a time; it may take as long as its workers do. */
  exclusively<T>(model: ModelId, change: () => Promise<T>): Promise<T> {
    return this.#versionLock.run(formatModelId(model), change)
  }

  /** Held for a moment, while it is settled what the names of a model's versions mean: its default, its labels. */
  settling<T>(name: string, change: () => Promise<T>): Promise<T> {
    return this.#modelLock.run(name, change)
  }

  /** Waits for the changes of a version that came before. */
  turnOf(model: ModelId): Promise<void> {
    return this.exclusively(model, () => Promise.resolve())
  }

  /** A version from its candidate, not registered yet. @throws ServingError `invalid_argument` */
  versionOf(candidate: Candidate, effective?: ModelConfig): ModelVersion {
    const { precedence, defaults, workerSets, events, clock, random, frontends } = this.options
    const artefact = artefactOf(candidate)
    const layers = layersOf(artefact, candidate.overrides, this.options)
    const call = effective ?? effectiveCall(layers, precedence)
    const settings = resolveSettings({ ...layers, call }, defaults)
    const { loadedAtStartup } = candidate
    return new ModelVersion({
      artefact,
      settings,
      loadedAtStartup,
      workerSets,
      events,
      clock,
      random,
      frontends: isShareable(settings) ? frontends : undefined,
    })
  }

  /** Makes a registration durable. */
  record(version: ModelVersion, { overrides, handler }: Candidate): Promise<void> {
    const { precedence, journal } = this.options
    const layers = layersOf(version.artefact, overrides, this.options)
    return journal.record(version, effectiveCall(layers, precedence), handler)
  }

  /** Drains and ends a version that another one has replaced; the server waits for that when it closes. */
  endInBackground(version: ModelVersion): void {
    this.leaving.add(version)
    void version.unload(this.options.unregisterTimeoutMs).finally(() => this.leaving.delete(version))
  }

  /** Takes a version that has ended out of the registry. */
  remove(version: ModelVersion): void {
    this.options.registry.remove(version.model)
    this.options.events.emit('versionRemoved', { model: version.model })
  }
}
