import type { VersionTransition } from '../../archiver-cli/format/model-config.ts'
import type { ModelId } from '../../worker/contract/model-id.ts'
import { compareVersions } from '../../worker/contract/model-id.ts'
import { KeyedLock } from './keyed-lock.ts'
import type { Changes } from './management/changes.ts'
import { bringIn } from './management/bring-in.ts'
import { setDefault } from './management/set-default.ts'
import { retire } from './management/unregister.ts'
import type { ModelVersion } from './model-version.ts'
import type { OfferedVersion } from './repository/source.ts'
import { RetryTable } from './retry-table.ts'
import { POLICIES, type PolicyAction, type VersionSnapshot } from './version-policy.ts'

/** Everything that should be loaded of one model; a version that is missing here should not. */
export type Wish = {
  readonly versions: readonly OfferedVersion[]
}

export type VersionFailure = { readonly version: string; readonly error: Error }

/**
 * Turns wishes into loading and unloading, one step of one model at a time; models do not wait for each other.
 *
 * It only ever touches models that something has aspired to. A version that fails is tried again, later and later,
 * by {@link reconcile}; that fails nothing else.
 */
export class VersionManager {
  readonly #changes: Changes
  readonly #wishes = new Map<string, Wish>()
  /** What each registered version was made of, as far as that is known. */
  readonly #origins = new WeakMap<ModelVersion, string>()
  readonly #failures: RetryTable
  readonly #turns = new KeyedLock()
  /** The runs of each model that have begun, or wait for their turn. */
  readonly #busy = new Map<string, Set<Promise<void>>>()
  #isClosed = false
  readonly #leaving = new Map<string, Set<Promise<void>>>()

  constructor(changes: Changes) {
    this.#changes = changes
    this.#failures = new RetryTable(changes.options.clock)
  }

  aspire(name: string, wish: Wish): void {
    this.#wishes.set(name, wish)
  }

  /** What failed is not held back any longer. */
  retryNow(name: string): void {
    this.#failures.forget(name)
  }

  /** Leaves a model as it is from now on, and forgets what failed. */
  release(name: string): void {
    this.#wishes.delete(name)
    this.#failures.forget(name)
  }

  /** Models that something has aspired to. */
  names(): string[] {
    return [...this.#wishes.keys()]
  }

  /** Versions that are aspired and could not be loaded, the highest first. */
  failuresOf(name: string): VersionFailure[] {
    const wished = [...(this.#wishes.get(name)?.versions ?? [])]
    const descending = wished.sort((a, b) => compareVersions(b.version, a.version))
    return descending.flatMap((each) => {
      const error = this.#failures.errorOf(name, keyOf(each))
      return error === undefined ? [] : { version: each.version, error }
    })
  }

  /** Takes every step that is due, of all models; those that are taking theirs are left to it. */
  async reconcile(): Promise<void> {
    const idle = this.names().filter((name) => !this.#busy.has(name))
    // What went wrong with a version is kept with it; a change that cannot be saved is tried again next time.
    await Promise.allSettled(idle.map((name) => this.converge(name)))
  }

  /**
   * Takes the steps of one model until there is none left. Versions that leave may still drain then.
   *
   * @throws ServingError `internal` | `resource_exhausted` when a change cannot be saved
   */
  async converge(name: string): Promise<void> {
    const run = this.#turns.run(name, async () => {
      while (!this.#isClosed && (await this.#step(name)));
      // All that it has is leaving: what comes back in another way is not for this manager to judge.
      if (this.#wishes.get(name)?.versions.length === 0) this.#wishes.delete(name)
    })
    const busy = this.#busy.get(name) ?? new Set<Promise<void>>()
    this.#busy.set(name, busy.add(run))
    try {
      await run
    } finally {
      busy.delete(run)
      if (busy.size === 0) this.#busy.delete(name)
    }
  }

  /** Takes no further step. */
  close(): void {
    this.#isClosed = true
  }

  /** Resolves when no step is being taken. */
  async untilIdle(): Promise<void> {
    const runs = [...this.#busy.values()].flatMap((busy) => [...busy])
    await Promise.allSettled(runs) // who began them hears of errors
  }

  /** @returns whether another step may follow */
  async #step(name: string): Promise<boolean> {
    const wish = this.#wishes.get(name)
    if (wish === undefined) return false
    const unknown = this.#unknown(name, wish)
    if (unknown !== undefined) return this.#attempt(name, unknown)
    const action = POLICIES[this.#transitionOf(name)](this.#snapshots(name, wish))
    if (action === undefined) return this.#waitForLeaving(name, wish)
    return this.#take(name, wish, action)
  }

  async #take(name: string, wish: Wish, { kind, snapshot }: PolicyAction): Promise<boolean> {
    const { version } = snapshot
    if (kind === 'unload') {
      await this.#unload({ name, version })
      return true
    }
    const aspired = wish.versions.find((each) => each.version === version)
    return aspired !== undefined && this.#attempt(name, aspired)
  }

  /** A registered version that is aspired, and of which it is not known whether it is the one that is meant. */
  #unknown(name: string, { versions }: Wish): OfferedVersion | undefined {
    return versions.find((wished) => {
      const registered = this.#registered(name).find((each) => each.model.version === wished.version)
      const isKnown = registered === undefined || this.#origins.has(registered)
      return !isKnown && !this.#failures.isHeldBack(name, keyOf(wished))
    })
  }

  #snapshots(name: string, wish: Wish): VersionSnapshot[] {
    const registered = this.#registered(name)
    const current = new Set<string>()
    for (const each of registered) if (this.#isWished(each, wish.versions)) current.add(each.model.version)
    const awaited = wish.versions
      .filter(({ version }) => !current.has(version))
      .map((each) => this.#awaitedSnapshot(name, each))
    // What is to be replaced goes on until its successor is ready, unless memory has no room for both.
    const transition = this.#transitionOf(name)
    const keeps = ({ state }: VersionSnapshot) => transition !== 'resources' || state === 'failed'
    const kept = new Set(awaited.filter(keeps).map(({ version }) => version))
    const served = registered.map(({ model: { version }, state }) => ({
      id: version,
      version,
      isAspired: current.has(version) || kept.has(version),
      // One that was scaled to no workers is as its operator wants it.
      state: state === 'new' ? ('ready' as const) : state,
    }))
    return [...served, ...awaited]
  }

  /** As the highest version that is there wants it, also while it drains: what is to come is not known yet. */
  #transitionOf(name: string): VersionTransition {
    return this.#registered(name).at(-1)?.settings.versionTransition ?? 'availability'
  }

  #awaitedSnapshot(name: string, wished: OfferedVersion): VersionSnapshot {
    const id = keyOf(wished)
    const { version } = wished
    return { id, version, isAspired: true, state: this.#failures.isHeldBack(name, id) ? 'failed' : 'new' }
  }

  #isWished(registered: ModelVersion, versions: readonly OfferedVersion[]): boolean {
    const wished = versions.find(({ version }) => version === registered.model.version)
    const isSame = wished !== undefined && this.#origins.get(registered) === keyOf(wished)
    return isSame && registered.state !== 'failed'
  }

  /** Loads a version, or finds that it is loaded already. A failure is kept, and held back for a while. */
  async #attempt(name: string, aspired: OfferedVersion): Promise<boolean> {
    const key = keyOf(aspired)
    try {
      const version = await bringIn(this.#changes, name, aspired)
      this.#origins.set(version, key)
      this.#failures.succeeded(name, key)
      await this.#settleDefault(name)
    } catch (error) {
      this.#failures.failed(name, key, error)
    }
    return true
  }

  /** What an unversioned request gets is the highest aspired version that is ready. */
  async #settleDefault(name: string): Promise<void> {
    const wished = this.#wishes.get(name)?.versions ?? []
    const ready = this.#registered(name).filter(
      (each) => each.state === 'ready' && this.#isWished(each, wished),
    )
    const highest = ready.at(-1)
    if (highest === undefined || this.#isDefault(highest.model)) return
    await setDefault(this.#changes, highest.model)
  }

  async #unload(model: ModelId): Promise<void> {
    const others = this.#registered(model.name).filter((each) => each.model.version !== model.version)
    const heir = others.filter(({ state }) => state === 'ready').at(-1)
    if (heir !== undefined && this.#isDefault(model)) await setDefault(this.#changes, heir.model)
    const { gone } = await retire(this.#changes, model)
    const leaving = this.#leaving.get(model.name) ?? new Set<Promise<void>>()
    this.#leaving.set(model.name, leaving.add(gone))
    const done = () => {
      leaving.delete(gone)
      if (leaving.size === 0) this.#leaving.delete(model.name)
    }
    gone.then(done, done)
  }

  /** Where memory holds one version only, the next one waits until the one before it has ended. */
  async #waitForLeaving(name: string, { versions }: Wish): Promise<boolean> {
    const leaving = this.#leaving.get(name)
    const served = new Set(this.#registered(name).map(({ model }) => model.version))
    const isAwaited = versions.some(
      (wished) => !served.has(wished.version) && !this.#failures.isHeldBack(name, keyOf(wished)),
    )
    if (leaving === undefined || !isAwaited) return false
    await Promise.race(leaving)
    return true
  }

  #isDefault({ name, version }: ModelId): boolean {
    return this.#changes.options.registry.defaultVersionOf(name) === version
  }

  #registered(name: string): ModelVersion[] {
    const { registry } = this.#changes.options
    return registry.find({ name }) === undefined ? [] : registry.versionsOf(name)
  }
}

/** Tells apart what has the same version. */
function keyOf({ version, fingerprint }: OfferedVersion): string {
  return `${version}@${fingerprint}`
}
