import { notServing } from '../errors.ts'
import type { Artefact } from '../artefact.ts'
import type { VersionSettings } from '../settings.ts'
import type { WorkerLayout, WorkerSets } from './worker-set-factory.ts'
import type { WorkerSet, WorkerSetOptions } from './worker-set.ts'

export type VersionWorkersOptions = {
  readonly artefact: Artefact
  readonly factory: WorkerSets
  readonly listener: WorkerSetOptions['listener']
  /** Told which workers serve from now on, before the old ones are stopped. @returns what their stop waits for */
  readonly onSwitch: (workers: WorkerSet | undefined) => Promise<void> | void
}

/** The workers of one version through its scalings: those that serve, and those that are starting. */
export class VersionWorkers {
  readonly #options: VersionWorkersOptions
  #serving: WorkerSet | undefined
  #layout: WorkerLayout | undefined
  /** New workers that are not warm yet. */
  #starting: WorkerSet | undefined
  /** Old workers that finish what only they can. */
  readonly #leaving = new Set<WorkerSet>()
  #isEnded = false

  constructor(options: VersionWorkersOptions) {
    this.#options = options
  }

  get serving(): WorkerSet | undefined {
    return this.#serving
  }

  get layout(): WorkerLayout | undefined {
    return this.#layout
  }

  /**
   * Starts new workers beside those that serve, and switches to them.
   *
   * @param commit runs when they are warm; if it fails they are stopped, as if they had not started.
   */
  async replace(settings: VersionSettings, commit: () => Promise<void>): Promise<void> {
    const { artefact, factory, listener } = this.#options
    const layout = await factory.plan(settings, artefact)
    if (this.#isEnded) throw this.#givenUp()
    const workers = factory.start(artefact, settings, layout, listener)
    await this.#untilStarted(workers, commit)
    this.#switchTo(workers, layout)
  }

  /** Serves with none from now on. */
  remove(): void {
    this.#switchTo(undefined, undefined)
  }

  /** Gives up on workers that are still starting: their `replace` rejects. */
  async abandonStart(): Promise<void> {
    await this.#starting?.stop()
  }

  /** Ends all of them, for good. */
  async stop(): Promise<void> {
    this.#isEnded = true
    const all = [this.#serving, this.#starting, ...this.#leaving]
    await Promise.all(all.flatMap((workers) => (workers === undefined ? [] : [workers.stop()])))
  }

  async #untilStarted(workers: WorkerSet, commit: () => Promise<void>): Promise<void> {
    this.#starting = workers
    try {
      await workers.started
      await commit()
      if (workers.isStopped) throw this.#givenUp()
    } catch (error) {
      await workers.stop()
      throw error
    } finally {
      this.#starting = undefined
    }
  }

  #switchTo(workers: WorkerSet | undefined, layout: WorkerLayout | undefined): void {
    const old = this.#serving
    this.#serving = workers
    this.#layout = layout
    const left = this.#options.onSwitch(workers)
    // Running batches of the old workers answer first; nothing waits for the processes to be gone.
    if (left === undefined) void old?.stop()
    else void this.#stopAfter(left, old)
  }

  async #stopAfter(left: Promise<void>, old: WorkerSet | undefined): Promise<void> {
    if (old === undefined) return
    this.#leaving.add(old)
    await left
    this.#leaving.delete(old)
    await old.stop()
  }

  #givenUp() {
    return notServing(this.#options.artefact.model, 'draining', 'its start was given up', 1000)
  }
}
