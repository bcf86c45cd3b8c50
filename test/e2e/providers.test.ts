import assert from 'node:assert/strict'
import { packTestArchive } from '../support/archives.ts'
import { http, postJson } from '../support/http-client.ts'
import { mlp } from '../support/models.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../support/server-process.ts'
import { describeOnSoftwareVulkan, SOFTWARE_VULKAN_ENVIRONMENT } from '../support/software-vulkan.ts'

const ROWS = { x: [[0.1, -0.2, 0.3, 0.4]] }
const TOLERANCE = 1e-5

type Answer = { readonly y: readonly (readonly number[])[] }
type Described = {
  readonly executionProvider: { readonly name: string; readonly reason: string }
  readonly workerProcesses: number
  readonly workers: readonly { readonly pid: number }[]
}

describe('the execution provider of a model', function () {
  this.timeout(60_000)
  let modelStore: string
  let server: ServerProcess

  before(async () => {
    modelStore = await temporaryDirectory()
    const model = mlp([4, 16, 3], 1)
    await packTestArchive(modelStore, { modelName: 'cpu', model })
    await packTestArchive(modelStore, { modelName: 'cuda', model, config: 'executionProviders: [cuda]\n' })
    await packTestArchive(modelStore, {
      modelName: 'first',
      model,
      config: 'executionProviders: [cuda, cpu]\n',
    })
    await packTestArchive(modelStore, {
      modelName: 'webgpu',
      model,
      config: 'executionProviders: [webgpu]\nminWorkers: 2\n',
    })
    server = await ServerProcess.start({ modelStore, environment: SOFTWARE_VULKAN_ENVIRONMENT })
  })

  after(async () => {
    await server.stop()
    await removeDirectory(modelStore)
  })

  it('is the CPU under auto where there is no GPU, and says why nothing better', async () => {
    await register('cpu')
    const { executionProvider } = await described('cpu')
    assert.equal(executionProvider.name, 'cpu')
    assert.match(executionProvider.reason, /cuda is not usable: .*; webgpu is not usable: /)
  })

  it('fails the registration with the reason when it is listed alone and cannot run', async () => {
    const { status, text } = await http(`${server.management}/models?url=cuda.mar&initial_workers=1`, {
      method: 'POST',
    })
    assert.equal(status, 409)
    assert.match(text, /none of the model's executionProviders can run here: cuda is not usable: /)
    assert.equal((await http(`${server.management}/models/cuda`)).status, 404)
  })

  it('is the next one of an explicit list, with the reason', async () => {
    await register('first')
    const { executionProvider } = await described('first')
    assert.equal(executionProvider.name, 'cpu')
    assert.match(executionProvider.reason, /^configured; cuda is not usable: /)
  })

  describeOnSoftwareVulkan('webgpu on a software Vulkan driver', () => {
    it('answers as the CPU does, one worker process for each worker', async () => {
      await register('cpu-twin', 'cpu')
      await register('webgpu')
      const { executionProvider, workerProcesses, workers } = await described('webgpu')
      assert.equal(executionProvider.name, 'webgpu')
      assert.equal(workerProcesses, 2)
      assert.equal(new Set(workers.map(({ pid }) => pid)).size, 2)
      const expected = await predict('cpu-twin')
      for (const actual of await Promise.all(Array.from({ length: 8 }, () => predict('webgpu')))) {
        for (const [i, value] of expected.entries()) {
          assert.ok(Math.abs((actual[i] ?? NaN) - value) < TOLERANCE)
        }
      }
      const { text } = await http(`${server.metrics}/metrics`)
      assert.match(text, /onnxserve_execution_provider_info\{.*model="webgpu".*provider="webgpu".*\} 1/)
    })

    it('ends its processes when it is unregistered, and what they held on the device with them', async () => {
      await register('leaving', 'webgpu')
      const pids = (await described('leaving')).workers.map(({ pid }) => pid)
      assert.equal(pids.filter(isRunning).length, 2)
      assert.equal((await http(`${server.management}/models/leaving`, { method: 'DELETE' })).status, 200)
      while (pids.some(isRunning)) await new Promise((resolve) => setImmediate(resolve))
    })
  })

  async function register(name: string, archive = name): Promise<void> {
    const url = `${server.management}/models?url=${archive}.mar&model_name=${name}`
    const { status, text } = await http(url, { method: 'POST' })
    assert.equal(status, 200, text)
  }

  async function described(model: string): Promise<Described> {
    const { text } = await http(`${server.management}/models/${model}`)
    const [version] = JSON.parse(text) as [Described]
    return version
  }

  async function predict(model: string): Promise<readonly number[]> {
    const { text } = await postJson(`${server.inference}/predictions/${model}`, ROWS)
    return (JSON.parse(text) as Answer).y[0] ?? []
  }
})

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false // no such process
  }
}
