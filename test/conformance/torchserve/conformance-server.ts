import type { Compatibility } from '../../../frontend/protocols/torchserve/quirks.ts'
import { http } from '../../support/http-client.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../../support/server-process.ts'
import { packConformanceStore } from './conformance-store.ts'

/** Loaded at the start; the others are registered by the rows. */
const LOADED = ['echo', 'outcomes', 'stream', 'tiny', 'small', 'narrow']

const MODE_ARGS: Readonly<Record<Compatibility, readonly string[]>> = {
  strict: [],
  torchserve: [
    '--compatibility',
    'torchserve',
    '--metrics-mode',
    'prometheus',
    '--disable-token-auth',
    '--enable-model-api',
  ],
}

/** The built server in one of its modes, over a store of its own. */
export class ConformanceServer {
  readonly #process: ServerProcess
  readonly #modelStore: string

  private constructor(process: ServerProcess, modelStore: string) {
    this.#process = process
    this.#modelStore = modelStore
  }

  static async start(compatibility: Compatibility): Promise<ConformanceServer> {
    const modelStore = await temporaryDirectory()
    await packConformanceStore(modelStore)
    const args = ['--load-models', LOADED.map((name) => `${name}.mar`).join(','), ...MODE_ARGS[compatibility]]
    const server = new ConformanceServer(await ServerProcess.start({ modelStore, args }), modelStore)
    await http(`${server.management}/models?url=idle.mar&initial_workers=0`, { method: 'POST' })
    return server
  }

  get inference(): string {
    return this.#process.inference
  }

  get management(): string {
    return this.#process.management
  }

  get metrics(): string {
    return this.#process.metrics
  }

  async stop(): Promise<void> {
    await this.#process.stop()
    await removeDirectory(this.#modelStore)
  }
}
