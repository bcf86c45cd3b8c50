import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Compatibility } from '../../../frontend/protocols/torchserve/quirks.ts'
import { packTestArchive } from '../../support/archives.ts'
import { http } from '../../support/http-client.ts'
import { mlp } from '../../support/models.ts'
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
    // Registered, without a worker.
    await http(`${server.management}/models?url=idle.mar&initial_workers=0`, { method: 'POST' })
    return server
  }

  /** One that asks for tokens and lets nobody register, with a single model. */
  static async startGuarded(compatibility: Compatibility, tokens: object): Promise<ConformanceServer> {
    const modelStore = await temporaryDirectory()
    await packTestArchive(modelStore, { modelName: 'tiny', model: mlp([4, 16, 3], 1) })
    const tokenFile = join(modelStore, 'tokens.json')
    await writeFile(tokenFile, JSON.stringify({ tokens }))
    const args = [
      ...['--load-models', 'tiny.mar', '--token-file', tokenFile, '--enable-model-api', 'false'],
      ...['--compatibility', compatibility],
    ]
    return new ConformanceServer(await ServerProcess.start({ modelStore, args }), modelStore)
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

  get grpcInference(): string {
    return this.#process.grpcInference
  }

  get grpcManagement(): string {
    return this.#process.grpcManagement
  }

  async stop(): Promise<void> {
    await this.#process.stop()
    await removeDirectory(this.#modelStore)
  }
}
