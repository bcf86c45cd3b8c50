import { packTestArchive, type TestArchive } from '../../support/archives.ts'
import { until } from '../../support/http-client.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../../support/server-process.ts'
import { Gate } from './gate.ts'
import { identityModel } from './oip-store.ts'

const EXPLICIT = ['--model-control-mode', 'explicit']

export type WiredOptions = {
  readonly args?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

/** A built server over models of the test's own, and the gate of those that wait. */
export class WiredServer {
  readonly modelStore: string
  readonly gate: Gate
  #process: ServerProcess | undefined

  private constructor(modelStore: string) {
    this.modelStore = modelStore
    this.gate = new Gate(modelStore)
  }

  /** Not started yet. */
  static async create(): Promise<WiredServer> {
    return new WiredServer(await temporaryDirectory())
  }

  async start({ args = EXPLICIT, environment = {} }: WiredOptions = {}): Promise<void> {
    this.#process = await ServerProcess.start({ modelStore: this.modelStore, args, environment })
  }

  get process(): ServerProcess {
    if (this.#process === undefined) throw new Error('the server has not started')
    return this.#process
  }

  /** A model whose requests wait at the gate; one row of one request runs at a time. */
  packGated(modelName: string, config = '', loads?: number): Promise<void> {
    return packTestArchive(this.modelStore, {
      modelName,
      handler: this.gate.handler(loads),
      config: `maxBatchRows: 1\n${config}`,
    })
  }

  /** A model that answers what it is asked. */
  packIdentity(modelName: string, changes: Partial<TestArchive> = {}): Promise<void> {
    const model = identityModel('FP32', ['rows', 'columns'])
    return packTestArchive(this.modelStore, { modelName, model, ...changes })
  }

  /** Resolves when so many requests of the model wait. */
  async waiting(model: string, count: number): Promise<void> {
    await until(`${this.process.management}/models/${model}`, ({ text }) => {
      const [{ jobQueueStatus }] = JSON.parse(text) as [{ jobQueueStatus: { pendingRequests: number } }]
      return jobQueueStatus.pendingRequests === count
    })
  }

  async remove(): Promise<void> {
    await this.#process?.stop()
    await removeDirectory(this.modelStore)
  }
}
