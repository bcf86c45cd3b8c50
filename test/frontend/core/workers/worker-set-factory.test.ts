import assert from 'node:assert/strict'
import type { VersionSettings } from '../../../../frontend/core/settings.ts'
import { WorkerSetFactory } from '../../../../frontend/core/workers/worker-set-factory.ts'
import type { ExecutionProvider } from '../../../../worker/contract/messages.ts'
import { artefact, manifest, settings } from '../../../support/artefacts.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { FakeWorkers } from '../../../support/fake-worker-process.ts'
import { NO_LISTENER } from '../../../support/worker-sets.ts'

/** As a handler gets it: without the list of files. */
const { files: _, ...MANIFEST } = manifest()

function fixture(gpus?: number, provider: ExecutionProvider = 'webgpu') {
  const workers = new FakeWorkers()
  const factory = new WorkerSetFactory({
    cpus: 4,
    ...(gpus === undefined ? {} : { gpus }),
    findings: { find: async () => [{ provider, usable: true, reason: 'it ran' }] },
    startProcess: workers.start,
    clock: new FakeClock(),
    random: () => 1,
  })
  return { workers, factory }
}

async function started(changes: Partial<VersionSettings>) {
  const { workers, factory } = fixture()
  const all = settings(changes)
  const set = factory.start(artefact(), all, await factory.plan(all), NO_LISTENER)
  return { workers, set }
}

describe('WorkerSetFactory', () => {
  it('tells each process all that it needs', async () => {
    const { workers } = await started({ minWorkers: 2, maxBatchRows: 8, handlerConfig: { topK: 3 } })
    assert.deepEqual(
      workers.processes.map(({ spec }) => spec),
      [
        {
          model: { name: 'm', version: '1' },
          modelDir: '/objects/m',
          modelFile: 'model.onnx',
          handler: 'tensor',
          handlerConfig: { topK: 3 },
          device: { provider: 'cpu', deviceId: 0 },
          threads: 2,
          intraOpThreads: 2,
          maxBatchRows: 8,
          maxHeapMebibytes: 1024,
          manifest: MANIFEST,
          modelConfig: {},
          decodeInputRequest: true,
          serviceEnvelope: 'none',
        },
      ],
    )
  })

  it('tells how far the graph may be rewritten', async () => {
    const { workers } = await started({ graphOptimization: 'basic' })
    assert.deepEqual(
      workers.processes.map(({ spec }) => spec.graphOptimization),
      ['basic'],
    )
  })

  it('starts as many processes as planned', async () => {
    const { workers, set } = await started({ minWorkers: 3, workerProcesses: 2 })
    assert.deepEqual(
      workers.processes.map(({ spec }) => spec.threads),
      [2, 1],
    )
    assert.equal(set.size, 3)
  })

  it('plans for the provider that it found', async () => {
    const { factory } = fixture()
    const { provider, plan } = await factory.plan(settings({ executionProviders: ['webgpu'], minWorkers: 2 }))
    assert.equal(provider.provider, 'webgpu')
    assert.equal(plan.processes.length, 2)
  })

  it('refuses a provider that cannot run', async () => {
    const { factory } = fixture()
    await assert.rejects(factory.plan(settings({ executionProviders: ['cuda'] })), {
      code: 'failed_precondition',
    })
  })

  describe('on several GPUs', () => {
    const gpuFixture = () => {
      const { factory } = fixture(3, 'cuda')
      const plan = (changes: Partial<VersionSettings>) =>
        factory.plan(settings({ executionProviders: 'auto', ...changes }))
      const start = async (changes: Partial<VersionSettings>) => {
        const layout = await plan(changes)
        const set = factory.start(artefact(), settings(changes), layout, NO_LISTENER)
        return { set, ids: layout.plan.processes.map(({ device }) => device.deviceId) }
      }
      return { plan, start }
    }

    it('lets the workers of all models take turns', async () => {
      const { start } = gpuFixture()
      assert.deepEqual((await start({ minWorkers: 2 })).ids, [0, 1])
      assert.deepEqual((await start({ minWorkers: 2 })).ids, [2, 0])
      assert.deepEqual((await start({ executionProviders: ['cpu'] })).ids, [0])
      assert.deepEqual((await start({ minWorkers: 2 })).ids, [1, 2])
    })

    it('counts the workers that a model names devices for', async () => {
      const { start } = gpuFixture()
      assert.deepEqual((await start({ minWorkers: 3, deviceIds: [0, 1] })).ids, [0, 1, 0])
      assert.deepEqual((await start({ minWorkers: 2 })).ids, [2, 1])
    })

    it('spreads workers evenly again when others have gone', async () => {
      const { start } = gpuFixture()
      const first = await start({ minWorkers: 3 })
      await start({ minWorkers: 1, deviceIds: [2] })
      void first.set.stop()
      assert.deepEqual((await start({ minWorkers: 2 })).ids, [0, 1])
    })

    it('refuses a device that there is not', async () => {
      await assert.rejects(gpuFixture().plan({ deviceIds: [3] }), {
        code: 'failed_precondition',
        message: /^deviceIds names device 3, but this server uses 3 GPUs, devices 0 to 2/,
      })
    })
  })

  it('keeps a model off the GPUs when the server has none', async () => {
    const { factory } = fixture(0)
    const { provider } = await factory.plan(settings({ executionProviders: 'auto' }))
    assert.equal(provider.provider, 'cpu')
    await assert.rejects(factory.plan(settings({ executionProviders: 'auto', deviceType: 'gpu' })), {
      code: 'failed_precondition',
      message: 'the model asks for deviceType gpu with executionProviders auto, but the server has gpus=0',
    })
  })

  it('gives each worker that keeps state a process of its own', async () => {
    for (const changes of [{ sequenceBatching: {} }, { continuousBatching: true }]) {
      const { workers } = await started({ minWorkers: 3, ...changes })
      assert.deepEqual(
        workers.processes.map(({ spec }) => spec.threads),
        [1, 1, 1],
      )
    }
  })

  it('has a batch of sequences tried once only, when its handler throws', async () => {
    for (const [changes, failsWholeBatch] of [
      [{ sequenceBatching: {} }, true] as const,
      [{}, undefined] as const,
    ]) {
      const { workers } = await started(changes)
      assert.equal(workers.processes[0]?.spec.failsWholeBatch, failsWholeBatch)
    }
  })
})
