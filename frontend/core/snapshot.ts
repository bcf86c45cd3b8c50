import { createHash } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { ServingError } from '../../worker/contract/errors.ts'
import { registryStateSchema, type RegistryState } from './registry-state.ts'
import { registryText } from './registry-text.ts'

export type { RegistryState, VersionRecord } from './registry-state.ts'

const snapshotSchema = z.strictObject({
  generation: z.int().min(1),
  /** Of the state's JSON text. */
  sha256: z.string(),
  state: registryStateSchema,
})

const KEPT_GENERATIONS = 3
const ASIDE_SUFFIX = '.unreadable'
const FILE_PATTERN = /^registry-(\d+)\.json$/

/** Where the state of the registry is kept from one run to the next. */
export interface StateStore {
  /** What the last run left; undefined when there is nothing. */
  read(): Promise<RegistryState | undefined>
  write(state: RegistryState): Promise<void>
  /** Archives' digests that anything kept names: their unpacked files must stay. */
  digestsInUse(): Promise<Set<string>>
  /** Sentences on what the last `read` found damaged. */
  readonly damage: readonly string[]
}

/**
 * The registry on disk: one file per generation, each with its own digest, the last three kept.
 *
 * A write is a temporary file, fsync, rename, fsync of the directory, in this order; only then is a change
 * acknowledged. A crash in between leaves the generation before it, whole.
 */
export class SnapshotStore implements StateStore {
  readonly #directory: string
  #generation = 0
  #damage: readonly string[] = []

  constructor(directory: string) {
    this.#directory = directory
  }

  get damage(): readonly string[] {
    return this.#damage
  }

  /**
   * The newest valid state, or undefined when there has never been one. A damaged file that is newer is kept aside,
   * under a name that no later start reads.
   *
   * @throws ServingError `failed_precondition` when there are generations and none of them is valid: starting
   * empty would silently lose registrations.
   */
  async read(): Promise<RegistryState | undefined> {
    const generations = await this.#generations()
    this.#generation = generations[0] ?? 0
    this.#damage = []
    for (const generation of generations) {
      const state = await this.#readGeneration(generation)
      if (state === undefined) continue
      this.#damage = await this.#setAside(
        generations.filter((each) => each > generation),
        generation,
      )
      return state
    }
    if (generations.length === 0) return undefined
    throw new ServingError(
      'failed_precondition',
      `none of the registry snapshots in ${this.#directory} is readable; restore one, or move them away to start empty`,
      { reason: 'snapshot' },
    )
  }

  async #setAside(damaged: readonly number[], counting: number): Promise<string[]> {
    const sentences: string[] = []
    for (const generation of damaged) {
      const path = this.#pathOf(generation)
      const isAside = await rename(path, path + ASIDE_SUFFIX).then(
        () => true,
        () => false, // then it stays in the way, and is found damaged again
      )
      sentences.push(
        `the registry snapshot ${path} is unreadable; generation ${counting}, an earlier one, counts: changes made after it are lost` +
          (isAside ? `; the file is kept as ${basename(path)}${ASIDE_SUFFIX}` : ''),
      )
    }
    return sentences
  }

  /** Makes the state durable. After a failed write the next one writes everything anew. */
  async write(state: RegistryState): Promise<void> {
    const generation = this.#generation + 1
    const text = Buffer.from(registryText(state))
    const head = `{"generation":${generation},"sha256":"${digestOf(text)}","state":`
    const temporary = join(this.#directory, `registry-${generation}.tmp`)
    const file = await open(temporary, 'w', 0o600)
    try {
      await file.writeFile(head)
      await file.writeFile(text)
      await file.writeFile('}')
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, this.#pathOf(generation))
    this.#generation = generation
    try {
      await this.#syncDirectory()
    } catch (error) {
      // Refused, so it must not be what a restart finds.
      await unlink(this.#pathOf(generation))
      throw error
    }
    await this.#forget().catch(() => undefined) // one generation too many harms nobody; the next write tries again
  }

  /** Archives' digests that any kept generation names: their unpacked files must stay. */
  async digestsInUse(): Promise<Set<string>> {
    const digests = new Set<string>()
    for (const generation of await this.#generations()) {
      const state = await this.#readGeneration(generation)
      const versions = state?.models.flatMap((model) => model.versions) ?? []
      for (const version of versions) digests.add(version.digest)
    }
    return digests
  }

  /** The state of a generation, or undefined when its file is torn, foreign or unreadable: then an older one counts. */
  async #readGeneration(generation: number): Promise<RegistryState | undefined> {
    try {
      return parseSnapshot(await readFile(this.#pathOf(generation), 'utf8'), generation)
    } catch {
      return undefined // whatever is wrong with it, it is not what a finished write leaves
    }
  }

  /** Newest first. */
  async #generations(): Promise<number[]> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    const names = await readdir(this.#directory)
    const numbers = names.flatMap((name) => FILE_PATTERN.exec(name)?.[1] ?? [])
    return numbers.map(Number).sort((a, b) => b - a)
  }

  async #forget(): Promise<void> {
    const old = (await this.#generations()).slice(KEPT_GENERATIONS)
    for (const generation of old) await unlink(this.#pathOf(generation))
  }

  async #syncDirectory(): Promise<void> {
    const directory = await open(this.#directory, 'r')
    try {
      await directory.sync()
    } finally {
      await directory.close()
    }
  }

  #pathOf(generation: number): string {
    return join(this.#directory, `registry-${generation}.json`)
  }
}

/**
 * A registry that is not kept: what an earlier run saved is neither brought back nor touched, so that a later run
 * without this choice finds it.
 */
export class UnkeptState implements StateStore {
  readonly damage: readonly string[] = []
  readonly #saved: StateStore

  /** @param saved what stays as it is */
  constructor(saved: StateStore) {
    this.#saved = saved
  }

  read(): Promise<undefined> {
    return Promise.resolve(undefined)
  }

  write(): Promise<void> {
    return Promise.resolve()
  }

  digestsInUse(): Promise<Set<string>> {
    return this.#saved.digestsInUse()
  }
}

/** @param generation in the name of the file @throws when the text is no snapshot */
function parseSnapshot(text: string, generation: number): RegistryState | undefined {
  const value: unknown = JSON.parse(text)
  const snapshot = snapshotSchema.parse(value)
  // Of the text as it stands in the file: a parsed copy may order its keys differently.
  const state = JSON.stringify((value as { state: unknown }).state) // its shape was just checked
  const isWhole = snapshot.sha256 === digestOf(state)
  return isWhole && snapshot.generation === generation ? snapshot.state : undefined
}

function digestOf(state: string | Uint8Array): string {
  return createHash('sha256').update(state).digest('hex')
}
