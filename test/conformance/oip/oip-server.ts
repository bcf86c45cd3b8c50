import { http, until, type HttpAnswer, type HttpCall } from '../../support/http-client.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../../support/server-process.ts'
import { LOADED, packOipStore } from './oip-store.ts'

/** The built server over the models of the assertions. */
export class OipServer {
  readonly #process: ServerProcess
  readonly #modelStore: string

  private constructor(process: ServerProcess, modelStore: string) {
    this.#process = process
    this.#modelStore = modelStore
  }

  static async start(args: readonly string[] = []): Promise<OipServer> {
    const modelStore = await temporaryDirectory()
    await packOipStore(modelStore)
    const models = LOADED.map((name) => `${name}.mar`).join(',')
    const process = await ServerProcess.start({ modelStore, args: ['--load-models', models, ...args] })
    // Registered, without a worker.
    await http(`${process.management}/models?url=idle.mar&initial_workers=0`, { method: 'POST' })
    return new OipServer(process, modelStore)
  }

  get inference(): string {
    return this.#process.inference
  }

  get management(): string {
    return this.#process.management
  }

  get grpcInference(): string {
    return this.#process.grpcInference
  }

  /** @param path on the inference address */
  ask(path: string, call: HttpCall = {}): Promise<HttpAnswer> {
    return http(this.inference + path, call)
  }

  /** Asks until the answer is as it should be. */
  until(path: string, isDone: (answer: HttpAnswer) => boolean): Promise<HttpAnswer> {
    return until(this.inference + path, isDone)
  }

  /** Resolves when everything that was sent before has been read: what is asked later has arrived later. */
  async readSoFar(): Promise<void> {
    await this.ask('/v2/health/live')
  }

  async stop(): Promise<void> {
    await this.#process.stop()
    await removeDirectory(this.#modelStore)
  }
}
