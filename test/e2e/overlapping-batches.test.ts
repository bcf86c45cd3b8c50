import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { resnet } from '../../bench/models/resnet.ts'
import { writeModel } from '../../bench/models/write-model.ts'
import { packTestArchive } from '../support/archives.ts'
import { http } from '../support/http-client.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../support/server-process.ts'
import { describeOnSoftwareVulkan, SOFTWARE_VULKAN_ENVIRONMENT } from '../support/software-vulkan.ts'

const SHAPE = { blocks: [1, 1, 1, 1], width: 8, imageSize: 32, classes: 10 }
const TOLERANCE = 1e-4
const REQUESTS = 48

/** Probability by label. */
type Answer = Readonly<Record<string, number>>

describeOnSoftwareVulkan('batches that overlap on a GPU', function () {
  this.timeout(60_000)
  let modelStore: string
  let server: ServerProcess
  let images: Buffer[]

  before(async () => {
    modelStore = await temporaryDirectory()
    const [path = ''] = writeModel(resnet({ shape: SHAPE }), { path: join(modelStore, 'resnet.onnx') })
    const model = await readFile(path)
    for (const provider of ['cpu', 'webgpu']) {
      const config = `executionProviders: [${provider}]\nmaxBatchRows: 4\nhandler: { topK: 10 }\n`
      await packTestArchive(modelStore, { modelName: provider, model, handler: 'image_classifier', config })
    }
    images = await Promise.all([0, 1, 2].map((i) => readFile(`examples/shapes/samples/${i}.png`)))
    server = await ServerProcess.start({
      modelStore,
      args: ['--load-models', 'all'],
      environment: SOFTWARE_VULKAN_ENVIRONMENT,
    })
  })
  after(async () => {
    await server.stop()
    await removeDirectory(modelStore)
  })

  const classify = async (model: string, image: Buffer | undefined): Promise<Answer> => {
    const request = {
      method: 'POST',
      headers: { 'content-type': 'image/png' },
      body: image ?? Buffer.alloc(0),
    }
    const { status, text } = await http(`${server.inference}/predictions/${model}`, request)
    assert.equal(status, 200, text)
    return JSON.parse(text) as Answer
  }

  it('answer images as the CPU does, two to a worker', async () => {
    const expected = await Promise.all(images.map((image) => classify('cpu', image)))
    const answers = await Promise.all(
      Array.from({ length: REQUESTS }, (_, i) => classify('webgpu', images[i % images.length])),
    )
    for (const [i, answer] of answers.entries()) {
      for (const [label, probability] of Object.entries(expected[i % images.length] ?? {})) {
        assert.ok(Math.abs((answer[label] ?? NaN) - probability) < TOLERANCE)
      }
    }
  })

  it('are described, with the reason', async () => {
    const inFlight = async (model: string): Promise<unknown> => {
      const { text } = await http(`${server.management}/models/${model}`)
      const [version] = JSON.parse(text) as [{ batchesInFlight: unknown }]
      return version.batchesInFlight
    }
    assert.deepEqual(await inFlight('webgpu'), {
      perWorker: 2,
      reason: 'one is prepared and answered while the GPU runs another',
    })
    assert.deepEqual(await inFlight('cpu'), { perWorker: 1, reason: 'a worker on the CPU takes one' })
  })

  it('tell how long the device was busy', async () => {
    await classify('webgpu', images[0])
    const { text } = await http(`${server.metrics}/metrics`)
    const series = [...text.matchAll(/^onnxserve_device_busy_seconds_total\{model="(\w+)".*\} (\S+)$/gm)]
    assert.deepEqual(
      series.map(([, model, seconds]) => [model, Number(seconds) > 0]),
      [['webgpu', true]],
    )
  })
})
