import assert from 'node:assert/strict'
import type { Device, LoadSpec } from '../../../worker/contract/messages.ts'
import { answersOf, bodyRequest } from '../../support/batch-requests.ts'
import { HostedWorker } from '../../support/hosted-worker.ts'
import { modelDirectory, type ModelDirectory } from '../../support/model-directory.ts'
import { mlp } from '../../support/models.ts'
import { seededRandom } from '../../support/random.ts'
import { describeOnSoftwareVulkan, SOFTWARE_VULKAN_ENVIRONMENT } from '../../support/software-vulkan.ts'

const TOLERANCE = 1e-5
const LOSE_DEVICE = new URL('../../support/programs/lose-device.mjs', import.meta.url).href

describeOnSoftwareVulkan('a worker process on WebGPU', function () {
  this.timeout(60_000)
  let directory: ModelDirectory | undefined
  let worker: HostedWorker | undefined
  afterEach(async () => {
    await worker?.kill()
    await directory?.remove()
    worker = directory = undefined
  })

  const start = async (
    device: Device,
    environment: Readonly<Record<string, string>>,
    changes: Partial<LoadSpec> = {},
  ) => {
    directory = await modelDirectory({ 'model.onnx': mlp([784, 64, 10]) }, { device, ...changes })
    worker = new HostedWorker(environment)
    worker.load(directory.spec)
    const [instance] = await worker.instances()
    return { hosted: worker, instance }
  }
  /** Probabilities of 16 requests of the given device, batched as they come. */
  const probabilitiesOn = async (provider: Device['provider'], changes: Partial<LoadSpec> = {}) => {
    const random = seededRandom(5)
    const { hosted, instance } = await start({ provider, deviceId: 0 }, SOFTWARE_VULKAN_ENVIRONMENT, changes)
    assert.deepEqual(instance?.ok === true && instance.value.device, { provider, deviceId: 0 })
    const requests = Array.from({ length: 16 }, () => bodyRequest([Array.from({ length: 784 }, random)]))
    const results = await Promise.all([hosted.run(requests.slice(0, 7)), hosted.run(requests.slice(7))])
    await hosted.kill()
    return results.flatMap(answersOf).flatMap((answer) => (answer as { y: number[][] }).y.flat()) // by the model
  }

  it('gives the same answers as the CPU', async () => {
    const onGpu = await probabilitiesOn('webgpu')
    const onCpu = await probabilitiesOn('cpu')
    assert.equal(onGpu.length, 160)
    const differences = onGpu.map((value, index) => Math.abs(value - (onCpu[index] ?? NaN)))
    assert.ok(Math.max(...differences) < TOLERANCE, `differ by ${Math.max(...differences)}`)
  })

  it('overlaps batches with runs, whose answers stay the same', async () => {
    const alone = await probabilitiesOn('webgpu')
    assert.deepEqual(await probabilitiesOn('webgpu', { overlapsRuns: true }), alone)
  })

  it('tells how long the device was busy', async () => {
    const { hosted } = await start({ provider: 'webgpu', deviceId: 0 }, SOFTWARE_VULKAN_ENVIRONMENT)
    const { timing } = await hosted.run([bodyRequest([new Array<number>(784).fill(0)])])
    assert.ok(timing.deviceBusyMs !== undefined && timing.deviceBusyMs > 0)
  })

  it('fails to load without an adapter, with the reason, instead of running on the CPU', async () => {
    const { instance } = await start({ provider: 'webgpu', deviceId: 0 }, { VK_DRIVER_FILES: '/nonexistent' })
    assert.ok(instance?.ok === false)
    assert.equal(instance.error.code, 'failed_precondition')
    assert.match(instance.error.message, /could not be opened on webgpu: Failed to get a WebGPU adapter/)
  })

  it('says that its device is lost, and answers no member of the batch', async () => {
    const { hosted } = await start(
      { provider: 'webgpu', deviceId: 0 },
      { ...SOFTWARE_VULKAN_ENVIRONMENT, NODE_OPTIONS: `--import ${LOSE_DEVICE}` },
    )
    const answered = await hosted.run([bodyRequest([new Array<number>(784).fill(1)])])
    assert.equal(answered.replies[0]?.ok, true)
    const unlucky = hosted.start([bodyRequest([new Array<number>(784).fill(13)]), bodyRequest([[1]])])
    const unanswered = assert.rejects(hosted.resultOf(unlucky), /the worker process ended/)
    assert.equal(
      await hosted.loss(),
      'webgpu device 0 is lost to this process: CUDA failure 700: an illegal memory access was encountered ; GPU=0',
    )
    await hosted.kill()
    await unanswered
  })
})
