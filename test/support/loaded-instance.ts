import { Instance } from '../../worker/thread/instance.ts'
import type { LoadSpec } from '../../worker/contract/messages.ts'
import { keptLog } from './kept-log.ts'
import { modelDirectory, type ModelDirectory } from './model-directory.ts'

type Loaded = Awaited<ReturnType<typeof Instance.load>>

/** An instance over a model directory of its own, as a worker thread has one; `release` it after each test. */
export class LoadedInstance {
  #directory: ModelDirectory | undefined
  #loaded: Loaded | undefined

  async load(
    files: Parameters<typeof modelDirectory>[0],
    spec: Partial<LoadSpec> = {},
    log = keptLog(),
  ): Promise<Loaded> {
    this.#directory = await modelDirectory(files, spec)
    this.#loaded = await Instance.load(this.#directory.spec, { log })
    return this.#loaded
  }

  /** What was loaded last. */
  get instance(): Instance {
    if (this.#loaded === undefined) throw new Error('nothing is loaded')
    return this.#loaded.instance
  }

  async release(): Promise<void> {
    await this.#loaded?.instance.release()
    await this.#directory?.remove()
    this.#loaded = this.#directory = undefined
  }
}
