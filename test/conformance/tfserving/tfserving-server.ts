import { http, type HttpAnswer, type HttpCall } from '../../support/http-client.ts'
import { packTestArchive } from '../../support/archives.ts'
import { halfPlus, identity, rowsLost, stringIdentity, twoInputAdd } from '../../support/models.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../../support/server-process.ts'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'

/** What the body was, and whether an explanation is wanted: a predictor of KServe's, as TorchServe writes it. */
const ECHO = `
import { defineHandler } from 'onnxserve/handler'

export default defineHandler({
  handle(requests) {
    return requests.map((request) => ({ predictions: [JSON.parse(request.text())] }))
  },
  explain(requests) {
    return requests.map(() => ({ explanations: ['because'] }))
  },
})
`

const SIGNATURES = JSON.stringify({
  signatures: {
    regress_x_to_y: { method: 'regress', inputs: { x: 'x' }, outputs: { outputs: 'y' } },
    classify_x_to_y: { method: 'classify', inputs: { x: 'x' }, outputs: { scores: 'y' } },
    tensorflow: { method: 'predict', inputs: { left: 'x' }, outputs: { right: 'y' } },
  },
})

async function packStore(modelStore: string): Promise<void> {
  const aside = join(modelStore, '.later')
  await packTestArchive(aside, { modelName: 'half', version: '124', model: halfPlus(3), config: SIGNATURES })
  await rename(join(aside, 'half.mar'), join(modelStore, 'half-124.mar'))
  await packTestArchive(modelStore, {
    modelName: 'half',
    version: '123',
    model: halfPlus(2),
    config: SIGNATURES,
  })
  await packTestArchive(modelStore, { modelName: 'named', version: '2.1', model: halfPlus(2) })
  await packTestArchive(modelStore, { modelName: 'pair', model: twoInputAdd() })
  await packTestArchive(modelStore, { modelName: 'longs', model: identity('INT64', ['batch']) })
  await packTestArchive(modelStore, { modelName: 'texts', model: stringIdentity() })
  await packTestArchive(modelStore, { modelName: 'total', model: rowsLost() })
  await packTestArchive(modelStore, { modelName: 'echo', handler: ECHO })
}

/** The built server over models as TensorFlow Serving's users have them. */
export class TfServingServer {
  readonly #process: ServerProcess
  readonly #modelStore: string

  private constructor(process: ServerProcess, modelStore: string) {
    this.#process = process
    this.#modelStore = modelStore
  }

  /** The label `stable` is on version 123 of `half`, the default. */
  static async start(): Promise<TfServingServer> {
    const modelStore = await temporaryDirectory()
    await packStore(modelStore)
    const loaded = ['half', 'named', 'pair', 'longs', 'texts', 'total', 'echo', 'half-124'].map(
      (name) => `${name}.mar`,
    )
    const process = await ServerProcess.start({ modelStore, args: ['--load-models', loaded.join(',')] })
    const { management } = process
    await http(`${management}/models/half/123/set-default`, { method: 'PUT' })
    await http(`${management}/models/half/labels/stable/123`, { method: 'PUT' })
    return new TfServingServer(process, modelStore)
  }

  get grpcInference(): string {
    return this.#process.grpcInference
  }

  /** @param path on the inference address */
  ask(path: string, call: HttpCall = {}): Promise<HttpAnswer> {
    return http(this.#process.inference + path, call)
  }

  async stop(): Promise<void> {
    await this.#process.stop()
    await removeDirectory(this.#modelStore)
  }
}
