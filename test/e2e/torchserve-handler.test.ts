import assert from 'node:assert/strict'
import { request } from 'node:http'
import { packTestArchive } from '../support/archives.ts'
import { postJson } from '../support/http-client.ts'
import { mlp } from '../support/models.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../support/server-process.ts'

/** What a TorchServe user would write, in TypeScript. */
const HANDLER = `
import { PredictionException, tensor } from 'onnxserve/handler'
import type { TorchServeContext, TorchServeHandler, TorchServeRecord } from 'onnxserve/handler'

export class Iris implements TorchServeHandler {
  #labels: readonly string[] = []

  initialize(context: TorchServeContext): void {
    this.#labels = (context.modelYamlConfig['handler'] as { labels: string[] }).labels
  }

  async handle(data: readonly TorchServeRecord[], context: TorchServeContext) {
    context.metrics.addCounter('HandledRequests', data.length)
    return Promise.all(data.map((record, idx) => this.#one(record, context, idx)))
  }

  explain(data: readonly TorchServeRecord[]) {
    return data.map(() => ({ because: this.#labels[0] ?? '' }))
  }

  describe(context: TorchServeContext) {
    return { model: context.modelName, labels: this.#labels }
  }

  async #one(record: TorchServeRecord, context: TorchServeContext, idx: number) {
    const body = record['body']
    if (body === 'for ever') return this.#countForEver(context, idx)
    if (!Array.isArray(body)) throw new PredictionException('four numbers are needed', 422)
    const { y } = await context.run([tensor('x', 'FP32', [1, 4], body as number[])])
    context.setResponseStatus(201, 'Classified', idx)
    context.setResponseHeader(idx, 'x-label', this.#labels[0] ?? '')
    return { scores: y === undefined ? [] : [...(y.data as Float32Array)] }
  }

  async #countForEver(context: TorchServeContext, idx: number) {
    const signal = context.signal(idx)
    for (let i = 0; !signal.aborted; i++) {
      context.stream(idx).write(String(i))
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    context.logger.info('stopped counting')
    return ''
  }
}
`

describe("a handler in TorchServe's class style", function () {
  this.timeout(60_000)
  let modelStore: string
  let server: ServerProcess
  before(async () => {
    modelStore = await temporaryDirectory()
    const model = mlp([4, 16, 3], 1)
    const labels = 'handler:\n  labels: [setosa, versicolor]\n'
    await packTestArchive(modelStore, { modelName: 'iris', model, handler: HANDLER, config: labels })
    const config = `${labels}serviceEnvelope: kserve\n`
    await packTestArchive(modelStore, { modelName: 'wrapped', model, handler: HANDLER, config })
    server = await ServerProcess.start({ modelStore, args: ['--load-models', 'all'] })
  })
  after(async () => {
    await server.stop()
    await removeDirectory(modelStore)
  })

  const predict = (body: unknown) => postJson(`${server.inference}/predictions/iris`, body)

  it('answers with its own status and headers', async () => {
    const { status, headers, text } = await predict([5.1, 3.5, 1.4, 0.2])
    assert.equal(status, 201)
    assert.equal(headers['x-label'], 'setosa')
    assert.equal((JSON.parse(text) as { scores: number[] }).scores.length, 3)
  })

  it('fails with the status and the message of its PredictionException', async () => {
    const { status, text } = await predict({ not: 'numbers' })
    assert.deepEqual(
      [status, JSON.parse(text)],
      [422, { code: 422, type: 'InternalServerException', message: 'four numbers are needed' }],
    )
  })

  it('explains itself', async () => {
    const { text } = await postJson(`${server.inference}/explanations/iris`, [1, 2, 3, 4])
    assert.deepEqual(JSON.parse(text), { because: 'setosa' })
  })

  it('has each instance of a KServe body answered', async () => {
    const { status, text } = await postJson(`${server.inference}/v1/models/wrapped:predict`, {
      instances: [{ body: [1, 2, 3, 4] }, { body: [5, 6, 7, 8] }],
    })
    assert.equal(status, 201)
    const { predictions } = JSON.parse(text) as { predictions: { scores: number[] }[] }
    assert.deepEqual(
      predictions.map(({ scores }) => scores.length),
      [3, 3],
    )
  })

  it('stops streaming when its client has gone', async () => {
    const outgoing = request(`${server.inference}/predictions/iris`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
    })
    const closed = new Promise((resolve) => outgoing.on('close', resolve))
    outgoing.on('error', () => undefined) // it is destroyed below
    outgoing.on('response', (incoming) => {
      incoming.on('error', () => undefined)
      incoming.once('data', () => outgoing.destroy())
    })
    outgoing.end('for ever')
    await closed
    await server.untilOutput(/stopped counting/)
  })
})
