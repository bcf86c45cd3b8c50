import { formatModelId, type ModelId } from '../../../worker/contract/model-id.ts'
import type { Clock } from '../clock.ts'
import type { ModelSelector } from '../data-plane.ts'
import type { EventBus } from '../events.ts'
import { KeyedLock } from '../keyed-lock.ts'
import { ModelRegistry } from '../model-registry.ts'
import { ModelVersion } from '../model-version.ts'
import type { AttachedSlotOptions } from '../workers/attached-slot.ts'
import { MirroredSets } from './mirrored-sets.ts'
import type { PublishedModel, PublishedVersion } from './published.ts'

export type ModelMirrorOptions = {
  readonly events: EventBus
  readonly clock: Clock
  /** Processes that serve the versions. */
  readonly frontends: number
  /** How long the requests of a version that leaves may take. */
  readonly unregisterTimeoutMs: number
  readonly attach: AttachedSlotOptions['attach']
  /** Told when nothing is sent to a worker set any more. */
  readonly onLeft: () => void
}

/** A version here, and what it was made of. */
type Mirrored = {
  readonly key: number
  readonly version: ModelVersion
  readonly sets: MirroredSets
}

/**
 * The models of the primary process as this one serves them: the same versions over the same worker processes, each
 * with a queue of its own. It only follows: whatever it lacks, the primary answers for.
 */
export class ModelMirror {
  readonly registry = new ModelRegistry()
  readonly #options: ModelMirrorOptions
  readonly #versions = new Map<string, Mirrored>()
  /** Those that attach to their workers for the first time. */
  readonly #starting = new Set<Mirrored>()
  /** Those that drain. */
  readonly #leaving = new Set<Mirrored>()
  readonly #defaults = new Map<string, string>()
  readonly #turns = new KeyedLock()

  constructor(options: ModelMirrorOptions) {
    this.#options = options
  }

  /** Worker sets that batches may be on their way to. */
  get setIds(): readonly number[] {
    return [...this.#all()].flatMap(({ sets }) => sets.ids)
  }

  /** Versions with their keys, for what is counted of them. */
  *entries(): IterableIterator<readonly [key: number, version: ModelVersion]> {
    for (const { key, version } of this.#all()) yield [key, version]
  }

  /** Whether a request for it can be answered here. */
  find(selector: ModelSelector): ModelVersion | undefined {
    const { name, version, label, integerVersion } = selector
    const isUnversioned = version === undefined && label === undefined && integerVersion === undefined
    if (isUnversioned && !this.#defaults.has(name)) return undefined
    const found = this.registry.find(selector)
    return found?.isReady === true ? found : undefined
  }

  /**
   * Makes a model what it is in the primary. Resolves when its versions take requests, or have failed to; those that
   * left may still drain.
   */
  async apply(model: PublishedModel): Promise<void> {
    this.#followAtOnce(model)
    await this.#turns.run(model.name, () => this.#become(model))
  }

  /** Ends everything, after the requests that are held. */
  async close(timeoutMs: number): Promise<void> {
    await Promise.all([...this.#versions.values()].map(({ version }) => version.unload(timeoutMs)))
  }

  /** What must not wait for a start that it may decide: processes that came, and starts that lead nowhere now. */
  #followAtOnce({ name, versions }: PublishedModel): void {
    for (const mirrored of this.#of(name)) {
      const { key, sets, version } = mirrored
      const published = versions.find((each) => each.key === key)
      const isOther = published === undefined || sets.follow(published.workers)
      if (isOther) void version.abandonStart()
    }
  }

  async #become({ name, versions, labels, defaultVersion }: PublishedModel): Promise<void> {
    await Promise.all(versions.map((each) => this.#bring(each).catch(() => undefined))) // the primary serves it then
    const keys = new Set(versions.map(({ key }) => key))
    const served = this.#of(name).filter((each) => !this.#starting.has(each))
    for (const mirrored of served) if (!keys.has(mirrored.key)) this.#end(mirrored)
    this.registry.labels.set(name, labels)
    this.#defaults.delete(name)
    if (defaultVersion === undefined || !this.registry.has({ name, version: defaultVersion })) return
    this.registry.setDefault({ name, version: defaultVersion })
    this.#defaults.set(name, defaultVersion)
  }

  async #bring(published: PublishedVersion): Promise<void> {
    const { artefact, settings, key, workers } = published
    // Nothing to attach to: what comes later is published again, and until then the primary answers.
    if (workers.seats.every(({ pid }) => pid === undefined)) return
    const known = this.#versions.get(formatModelId(artefact.model))
    if (known?.key === key) {
      if (known.version.workers?.id !== workers.setId) await known.version.scale(settings)
      else await known.version.tune(settings, () => Promise.resolve())
      return
    }
    const mirrored = this.#make(published)
    this.#starting.add(mirrored)
    try {
      await mirrored.version.scale(settings)
    } catch (error) {
      this.#leave(mirrored)
      throw error
    } finally {
      this.#starting.delete(mirrored)
    }
    this.#put(artefact.model, mirrored, published.integer)
  }

  #put(model: ModelId, mirrored: Mirrored, integer: string): void {
    const former = this.#versions.get(formatModelId(model))
    this.#versions.set(formatModelId(model), mirrored)
    if (former === undefined) this.registry.add(mirrored.version, integer)
    else {
      this.registry.replace(former.version, mirrored.version)
      this.#leave(former)
    }
  }

  #end(mirrored: Mirrored): void {
    const { model } = mirrored.version
    this.#versions.delete(formatModelId(model))
    this.registry.remove(model)
    this.#leave(mirrored)
  }

  #leave(mirrored: Mirrored): void {
    this.#leaving.add(mirrored)
    void mirrored.version.unload(this.#options.unregisterTimeoutMs).finally(() => {
      this.#leaving.delete(mirrored)
      this.#options.onLeft()
    })
  }

  #make({ artefact, settings, key, loadedAtStartup, workers }: PublishedVersion): Mirrored {
    const { events, clock, frontends, attach, onLeft } = this.#options
    const sets = new MirroredSets(workers, { attach, onLeft })
    const version = new ModelVersion({
      artefact,
      settings,
      loadedAtStartup,
      workerSets: sets,
      events,
      clock,
      frontends,
    })
    return { key, version, sets }
  }

  *#all(): IterableIterator<Mirrored> {
    yield* this.#versions.values()
    yield* this.#starting
    yield* this.#leaving
  }

  #of(name: string): readonly Mirrored[] {
    const all = [...this.#versions.values(), ...this.#starting]
    return all.filter(({ version }) => version.model.name === name)
  }
}
