import assert from 'node:assert/strict'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { modelDirectory, type ModelDirectory } from '../../support/model-directory.ts'
import { identity, twoInputAdd } from '../../support/models.ts'
import { probe } from '../../support/probe.ts'
import { describeOnSoftwareVulkan, SOFTWARE_VULKAN_ENVIRONMENT } from '../../support/software-vulkan.ts'

describe('the probe', function () {
  this.timeout(60_000)
  let directory: ModelDirectory | undefined
  afterEach(async () => {
    await directory?.remove()
    directory = undefined
  })
  const pathOf = async (model: Uint8Array | string) => {
    directory = await modelDirectory({ 'model.onnx': model })
    return join(directory.spec.modelDir, 'model.onnx')
  }

  it('says what a model takes and gives, and ends itself', async () => {
    const { answer, signal } = await probe(['model', await pathOf(twoInputAdd())])
    const shape = ['batch', 2]
    assert.deepEqual(answer, {
      ok: true,
      inputs: [
        { name: 'a', dtype: 'FP32', shape },
        { name: 'b', dtype: 'FP32', shape },
      ],
      outputs: [{ name: 'sum', dtype: 'FP32', shape }],
    })
    assert.equal(signal, 'SIGKILL')
  })

  it('says why a file is no model', async () => {
    const { answer } = await probe(['model', await pathOf('not a model')])
    const { ok, error } = answer as { ok: boolean; error: string } // the probe's answer
    assert.equal(ok, false)
    assert.match(error, /could not be opened on cpu: .*Protobuf parsing failed/)
  })

  it('refuses an unknown question', async () => {
    const { answer } = await probe(['weather'])
    assert.deepEqual(answer, {
      ok: false,
      error: "unknown question 'weather': ask 'model <path>' or 'providers'",
    })
  })

  it('says of each provider whether it runs, and why not', async () => {
    const { answer } = await probe(['providers'], { VK_DRIVER_FILES: '/nonexistent' })
    const { providers } = answer as { providers: { provider: string; usable: boolean; reason: string }[] } // likewise
    assert.deepEqual(
      providers.map(({ provider }) => provider),
      ['tensorrt', 'cuda', 'webgpu', 'cpu'],
    )
    const [, , webgpu, cpu] = providers
    assert.deepEqual(cpu, { provider: 'cpu', usable: true, reason: 'a session ran on device 0' })
    assert.equal(webgpu?.usable, false)
    assert.match(webgpu.reason, /WebGPU adapter/)
  })

  it('leaves no file behind', async () => {
    const path = await pathOf(identity('FP32'))
    const home = join(path, '../home')
    mkdirSync(home)
    await probe(['model', path], { HOME: home })
    await probe(['providers', 'cpu'], { HOME: home })
    assert.deepEqual(readdirSync(home), [])
  })

  describeOnSoftwareVulkan('with a Vulkan driver', () => {
    it('finds WebGPU usable', async () => {
      const { answer } = await probe(['providers', 'webgpu'], SOFTWARE_VULKAN_ENVIRONMENT)
      assert.deepEqual(answer, {
        providers: [{ provider: 'webgpu', usable: true, reason: 'a session ran on device 0' }],
      })
    })
  })
})
