import assert from 'node:assert/strict'
import type { BatchRequest, LoadSpec } from '../../../worker/contract/messages.ts'
import type { Tensor } from '../../../worker/contract/tensor.ts'
import { answersOf, bodyRequest, tensorsRequest } from '../../support/batch-requests.ts'
import { LoadedInstance } from '../../support/loaded-instance.ts'
import { fixedBatch, identity, matrixProduct, variableLength } from '../../support/models.ts'

const rowsOf = (rows: number): Tensor => ({
  name: 'x',
  dtype: 'FP32',
  shape: [rows, 2],
  data: new Float32Array(rows * 2),
})

describe('the rows of requests', () => {
  const worker = new LoadedInstance()
  afterEach(() => worker.release())

  const load = (model: Uint8Array, spec: Partial<LoadSpec> = {}) =>
    worker.load({ 'model.onnx': model }, { maxBatchRows: 4, ...spec })
  const run = async (...requests: BatchRequest[]) => {
    const { replies, timing } = await worker.instance.run(requests)
    return { rows: replies.map((reply) => (reply.ok ? reply.value.rows : reply.error.message)), timing }
  }

  it('are told with each answer that brought more or less than one', async () => {
    await load(identity('FP32'))
    const { rows, timing } = await run(
      bodyRequest([[1, 2]]),
      bodyRequest([
        [1, 2],
        [3, 4],
      ]),
      tensorsRequest([rowsOf(0)]),
    )
    assert.deepEqual(rows, [undefined, 2, 0])
    assert.deepEqual([timing.rows, timing.runs, timing.rowsOfRuns], [3, 1, undefined])
  })

  it('are told for each engine call where there were several', async () => {
    await load(variableLength())
    const { timing } = await run(bodyRequest([[1], [2]]), bodyRequest([[3, 4]]))
    assert.deepEqual([timing.rows, timing.runs, timing.rowsOfRuns], [3, 2, [2, 1]])
  })

  it('are one for a graph that takes one request at a time', async () => {
    await load(fixedBatch(3))
    const { rows, timing } = await run(tensorsRequest([rowsOf(3)]), tensorsRequest([rowsOf(3)]))
    assert.deepEqual(rows, [undefined, undefined])
    assert.deepEqual([timing.rows, timing.rowsOfRuns], [2, [1, 1]])
  })

  it('are limited by maxRequestRows, which fails only the request that brings more', async () => {
    await load(identity('FP32'), { maxRequestRows: 1 })
    const { rows } = await run(
      bodyRequest([[1, 2]]),
      bodyRequest([
        [1, 2],
        [3, 4],
      ]),
    )
    assert.deepEqual(rows, [
      undefined,
      'the request has 2 rows, the model takes at most 1 in one (its maxRequestRows); send them in several requests',
    ])
  })

  it('are those of the tensors that a handler of whole batches declares', async () => {
    const shape = `['batch']`
    await worker.load(
      {
        'handler.mjs': `export default {
          signature: { inputs: [{ name: 'x', dtype: 'FP32', shape: ${shape} }], outputs: [{ name: 'x', dtype: 'FP32', shape: ${shape} }] },
          handle: (requests) => requests.map(({ tensors }) => tensors ?? 'none'),
        }`,
      },
      { handler: 'handler.mjs' },
    )
    const x: Tensor = { name: 'x', dtype: 'FP32', shape: [3], data: Float32Array.of(1, 2, 3) }
    const { rows, timing } = await run(tensorsRequest([x]), bodyRequest('x'))
    assert.deepEqual(rows, [3, undefined])
    assert.equal(timing.rows, 4)
  })

  it('are summed up over what an envelope holds', async () => {
    await load(identity('FP32'), { serviceEnvelope: 'json' })
    const { rows } = await run(bodyRequest({ instances: [[[1, 2]], [[3, 4]], [[5, 6]]] }))
    assert.deepEqual(rows, [3])
  })

  it('do not exist where the names of dimensions say otherwise: each request runs alone', async () => {
    await load(matrixProduct())
    const a = (values: number[]): Tensor => ({
      name: 'a',
      dtype: 'FP32',
      shape: [values.length, 1],
      data: Float32Array.from(values),
    })
    const b: Tensor = { name: 'b', dtype: 'FP32', shape: [1, 2], data: Float32Array.of(10, 100) }
    const result = await worker.instance.run([tensorsRequest([a([1, 2]), b]), tensorsRequest([a([3]), b])])
    assert.deepEqual(answersOf(result), [
      [{ name: 'product', dtype: 'FP32', shape: [2, 2], data: Float32Array.of(10, 100, 20, 200) }],
      [{ name: 'product', dtype: 'FP32', shape: [1, 2], data: Float32Array.of(30, 300) }],
    ])
  })
})
