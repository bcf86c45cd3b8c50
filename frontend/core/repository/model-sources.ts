import { readFile } from 'node:fs/promises'
import { messageOf, ServingError } from '../../../worker/contract/errors.ts'
import type { ModelId } from '../../../worker/contract/model-id.ts'
import type { ServedModel, ServedModelOutcome } from '../control-plane.ts'
import type { Clock } from '../clock.ts'
import type { VersionManager } from '../version-manager.ts'
import { readModelConfigFile } from './model-config-file.ts'
import type { ModelList } from './model-list.ts'
import type { StoreWatch } from './store-watch.ts'

/** What a source asks for and could not be loaded. */
export type SourceFailure = { readonly missing: ModelId | string; readonly message: string }

export type ModelSourcesOptions = {
  readonly clock: Clock
  readonly manager: VersionManager
  readonly list: ModelList
  /** Present when the model store says what is loaded. */
  readonly store?: StoreWatch
  /** Between two looks at the directories; 0: only at the start. */
  readonly pollMs: number
  /** TF Serving's `model_config_file`; `pollMs` is between two looks at it, 0: only at the start. */
  readonly configFile?: { readonly path: string; readonly pollMs: number }
  /** The models to serve where there is no such file. */
  readonly listed?: readonly ServedModel[]
  readonly note: (problem: string) => void
}

/** Everything that says by itself what is to be loaded, and how often it is asked. */
export class ModelSources {
  readonly #options: ModelSourcesOptions
  readonly #timers = new Map<string, () => void>()
  #text: string | undefined
  #problem: string | undefined
  /** What has been told of versions that cannot be loaded, and is not told again with every attempt. */
  #told: ReadonlySet<string> = new Set()
  #isClosed = false

  constructor(options: ModelSourcesOptions) {
    this.#options = options
  }

  /**
   * Loads what the sources say, and follows them from then on.
   *
   * @returns what could not be loaded; it is tried again
   * @throws ServingError `invalid_argument` | `not_found` when the file of the models cannot be read
   */
  async start(): Promise<SourceFailure[]> {
    const { store, list, manager, configFile, pollMs } = this.#options
    const failures: SourceFailure[] = []
    const listed = await this.#listed()
    if (listed !== undefined) failures.push(...(await list.apply(listed)).flatMap(failureOf))
    if (configFile !== undefined) {
      this.#repeat('file', configFile.pollMs, () => this.#lookAtFile(configFile.path))
    }
    if (store !== undefined) {
      await store.look()
      await manager.reconcile()
      failures.push(...this.#failures())
    }
    this.#told = new Set(this.#failures().map(({ message }) => message))
    if (store !== undefined || listed !== undefined) this.#repeat('models', pollMs, () => this.#look())
    return failures
  }

  async #listed(): Promise<readonly ServedModel[] | undefined> {
    const { configFile, listed } = this.#options
    if (configFile === undefined) return listed
    this.#text = await textOf(configFile.path)
    return readModelConfigFile(this.#text, configFile.path)
  }

  close(): void {
    this.#isClosed = true
    for (const cancel of this.#timers.values()) cancel()
  }

  /** One look at all directories. What is loaded because of it is not waited for: a slow model delays no other. */
  async #look(): Promise<void> {
    await this.#options.store?.look()
    await this.#options.list.look()
    void this.#options.manager.reconcile().then(() => {
      this.#tellFailures()
    })
  }

  /** A version that fails is served by none: whoever has put it there would wait for it in vain. */
  #tellFailures(): void {
    const messages = this.#failures().map(({ message }) => message)
    for (const message of messages) if (!this.#told.has(message)) this.#options.note(message)
    this.#told = new Set(messages)
  }

  /** A file that cannot be read, or is wrong, changes nothing. */
  async #lookAtFile(path: string): Promise<void> {
    try {
      const text = await textOf(path)
      if (text === this.#text) return
      const models = readModelConfigFile(text, path)
      this.#text = text
      this.#problem = undefined
      for (const { error } of await this.#options.list.apply(models)) {
        if (error !== undefined) this.#options.note(error.message)
      }
    } catch (error) {
      const problem = `${path} is not applied: ${messageOf(error)}`
      if (problem !== this.#problem) this.#options.note(problem)
      this.#problem = problem
    }
  }

  #failures(): SourceFailure[] {
    const { manager } = this.#options
    return manager.names().flatMap((name) =>
      manager.failuresOf(name).map(({ version, error }) => ({
        missing: { name, version },
        message: `model '${name}' version '${version}': ${error.message}`,
      })),
    )
  }

  /** The next round begins a while after the one before has ended. */
  #repeat(key: string, intervalMs: number, action: () => Promise<void>): void {
    if (intervalMs === 0 || this.#isClosed) return
    const round = () => {
      const next = () => {
        this.#repeat(key, intervalMs, action)
      }
      action().then(next, next)
    }
    this.#timers.set(key, this.#options.clock.after(intervalMs, round))
  }
}

/** @throws ServingError `not_found` */
function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw new ServingError('not_found', `model_config_file cannot be read: ${messageOf(error)}`, {
      cause: error,
      reason: 'model_list',
    })
  })
}

/** Which version is missing is not known of all failures: a label may be what could not be had. */
function failureOf({ name, error }: ServedModelOutcome): SourceFailure[] {
  return error === undefined
    ? []
    : [{ missing: `model '${name}'`, message: `model '${name}': ${error.message}` }]
}
