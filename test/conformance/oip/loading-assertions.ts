import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildModel } from '../../support/onnx-builder.ts'
import type { WiredAssertion } from './wired-assertion.ts'

/** An ONNX file that no engine runs. */
const BROKEN = buildModel({
  inputs: [{ name: 'INPUT0', dtype: 'FP32', shape: ['rows'] }],
  outputs: [{ name: 'OUTPUT0', dtype: 'FP32', shape: ['rows'] }],
  nodes: [{ op: 'NoSuchOperator', inputs: ['INPUT0'], outputs: ['OUTPUT0'] }],
})

/** Loading and unloading over the wire. */
export const LOADING_ASSERTIONS: readonly WiredAssertion[] = [
  {
    number: 73,
    it: 'an unknown model',
    run: async ({ wire, model }) => assert.equal((await wire.load(model)).is, 'NOT_FOUND'),
  },
  {
    number: 73,
    it: 'a model that no engine runs',
    run: async ({ server, wire, model }) => {
      await server.packIdentity(model, { model: BROKEN })
      assert.equal((await wire.load(model)).is, 'INVALID_ARGUMENT')
      assert.equal(await wire.isReady(), true)
    },
  },
  {
    number: 73,
    it: 'an archive that is none',
    run: async ({ server, wire, model }) => {
      await writeFile(join(server.modelStore, `${model}.mar`), 'no archive')
      assert.equal((await wire.load(model)).is, 'INVALID_ARGUMENT')
      assert.equal(await wire.isReady(), true)
    },
  },
  {
    number: 77,
    it: 'an override of the configuration is kept until the model is unloaded',
    run: async ({ server, wire, model }) => {
      await server.packIdentity(model, { config: 'maxBatchRows: 4\n' })
      await wire.load(model, { max_batch_size: 3 })
      assert.equal(await wire.maxBatchSize(model), 3)
      await wire.load(model)
      assert.equal(await wire.maxBatchSize(model), 3)
      await wire.unload(model)
      await wire.load(model)
      assert.equal(await wire.maxBatchSize(model), 4)
    },
  },
  {
    number: 78,
    it: 'a reload that fails leaves the old version serving',
    run: async ({ server, wire, model }) => {
      await server.packIdentity(model)
      assert.equal((await wire.load(model)).is, 'ok')
      await server.packIdentity(model, { model: BROKEN })
      assert.equal((await wire.load(model)).is, 'INVALID_ARGUMENT')
      assert.deepEqual(await wire.infer({ model, data: [7] }), { is: 'ok', data: [7] })
    },
  },
  {
    number: 79,
    it: 'unloading lets requests in flight finish, and takes no new ones',
    run: async ({ server, wire, model, value }) => {
      await server.packGated(model)
      await wire.load(model)
      const running = wire.infer({ model, data: [value] })
      await server.gate.held(value)
      const queued = wire.infer({ model, data: [value + 1] })
      await server.waiting(model, 1)
      assert.equal((await wire.unload(model)).is, 'ok')
      const late = await wire.infer({ model, data: [value + 2] })
      assert.ok(['NOT_FOUND', 'UNAVAILABLE'].includes(late.is), late.is)
      await server.gate.open(value, value + 1)
      assert.deepEqual([(await running).data, (await queued).data], [[value], [value + 1]])
    },
  },
]
