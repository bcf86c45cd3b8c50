import assert from 'node:assert/strict'
import type { BatchRequest, TensorsPayload } from '../../../worker/contract/messages.ts'
import type { Tensor } from '../../../worker/contract/tensor.ts'
import { answersOf, bodyRequest } from '../../support/batch-requests.ts'
import { LoadedInstance } from '../../support/loaded-instance.ts'
import { identity, twoOutputs } from '../../support/models.ts'

const X: Tensor = { name: 'x', dtype: 'FP32', shape: [1, 2], data: Float32Array.of(1, 2) }
const Y: Tensor = { ...X, name: 'y' }
const TEXT: Tensor = { name: 'text', dtype: 'BYTES', shape: [1], data: ['hi'] }

const SIGNATURE = `signature: {
  inputs: [{ name: 'text', dtype: 'BYTES', shape: ['batch'] }],
  outputs: [{ name: 'loud', dtype: 'BYTES', shape: ['batch'] }, { name: 'length', dtype: 'INT64', shape: ['batch'] }],
}`
const ANSWER = `(request) => {
  const data = request.tensors[0].data
  request.response.parameters = { ...request.parameters, wanted: String(request.wantedOutputs) }
  const shape = [data.length]
  return [
    { name: 'loud', dtype: 'BYTES', shape, data: data.map((text) => text.toUpperCase()) },
    { name: 'length', dtype: 'INT64', shape, data: BigInt64Array.from(data, (text) => BigInt(text.length)) },
  ]
}`
const SHOUTER = `const answer = ${ANSWER}
export default { ${SIGNATURE}, handle: (requests) => requests.map(answer) }`
const DECODER = `export default {
  preprocess: () => { throw new Error('it decodes images only') },
  postprocess: () => ({ cat: 1 }),
}`

describe('a request of tensors', () => {
  const worker = new LoadedInstance()
  afterEach(() => worker.release())

  const load = (handler: string | undefined, model?: Uint8Array) =>
    worker.load(
      {
        ...(model === undefined ? {} : { 'model.onnx': model }),
        ...(handler === undefined ? {} : { 'handler.mjs': handler }),
      },
      handler === undefined ? {} : { handler: 'handler.mjs' },
    )
  const request = (payload: Omit<TensorsPayload, 'kind'>): BatchRequest => ({
    id: 'r',
    headers: {},
    remainingMs: 60_000,
    payload: { kind: 'tensors', ...payload },
  })
  const payloadsOf = async (...requests: BatchRequest[]) => {
    const { replies } = await worker.instance.run(requests)
    return replies.map((reply) => (reply.ok ? reply.value.payload : reply.error.message))
  }

  const SUPPORT = [
    { it: 'the built-in tensor handler', handler: undefined, model: identity('FP32'), support: 'handler' },
    { it: 'a handler with a signature', handler: SHOUTER, model: undefined, support: 'handler' },
    {
      it: 'a handler without steps of its own',
      handler: 'export default { initialize() {} }',
      model: identity('FP32'),
      support: 'handler',
    },
    {
      it: 'the graph of a handler that decodes',
      handler: DECODER,
      model: identity('FP32'),
      support: 'graph',
    },
    {
      it: 'nobody, where a handler without a signature answers whole batches',
      handler: 'export default { handle: (requests) => requests.map(() => 1) }',
      model: identity('FP32'),
      support: 'none',
    },
    {
      it: "nobody, where a function in TorchServe's style answers",
      handler: 'export function handle(data) { return data?.map(() => 1) }',
      model: identity('FP32'),
      support: 'none',
    },
  ]
  for (const { it: name, handler, model, support } of SUPPORT) {
    it(`is answered by ${name}`, async () => {
      const { report } = await load(handler, model)
      assert.equal(report.tensorSupport, support)
    })
  }

  it('goes past a handler that decodes, whose other requests it leaves alone', async () => {
    await load(DECODER, identity('FP32'))
    assert.deepEqual(answersOf(await worker.instance.run([request({ tensors: [X] })])), [[Y]])
    assert.deepEqual(answersOf(await worker.instance.run([bodyRequest('x')])), [
      "internal: model 'm/1.0' failed in preprocess; the server's log has the details",
    ])
  })

  it('brings what the handler declares, and the report says so', async () => {
    const { report } = await load(SHOUTER)
    assert.deepEqual(report.inputs, [{ name: 'text', dtype: 'BYTES', shape: ['batch'] }])
    assert.deepEqual(
      report.outputs.map(({ name }) => name),
      ['loud', 'length'],
    )
  })

  it('hands its parameters to the handler, whose own come back with the answer', async () => {
    await load(SHOUTER)
    const parameters = { temperature: 0.5, stop: true }
    assert.deepEqual(await payloadsOf(request({ tensors: [TEXT], parameters })), [
      {
        kind: 'tensors',
        tensors: [
          { name: 'loud', dtype: 'BYTES', shape: [1], data: ['HI'] },
          { name: 'length', dtype: 'INT64', shape: [1], data: BigInt64Array.of(2n) },
        ],
        parameters: { ...parameters, wanted: 'undefined' },
      },
    ])
  })

  it('may declare its tensors in the class style of TorchServe, whose records hold them by name', async () => {
    const { report } = await load(`export class Shouter {
      ${SIGNATURE.replace('signature:', 'signature =')}
      handle(data) { return data.map(({ text }) => [{ ...text, name: 'loud' }]) }
    }`)
    assert.equal(report.tensorSupport, 'handler')
    assert.deepEqual(await payloadsOf(request({ tensors: [TEXT] })), [
      { kind: 'tensors', tensors: [{ ...TEXT, name: 'loud' }] },
    ])
  })

  it('with a signature goes through preprocess and postprocess around the graph', async () => {
    await load(
      `export default {
        ${SIGNATURE},
        preprocess: ({ tensors }) => ({ x: { dtype: 'FP32', shape: [1, 2], data: Float32Array.of(tensors[0].data[0].length, 0) } }),
        postprocess: ({ y }) => [{ name: 'length', dtype: 'INT64', shape: [1], data: BigInt64Array.of(BigInt(y.data[0])) }],
      }`,
      identity('FP32'),
    )
    assert.deepEqual(answersOf(await worker.instance.run([request({ tensors: [TEXT] })])), [
      [{ name: 'length', dtype: 'INT64', shape: [1], data: BigInt64Array.of(2n) }],
    ])
  })

  const SELECTIONS = [
    { outputs: ['negative', 'double'], it: 'in its own order' },
    { outputs: ['double'], it: 'and no other' },
    { outputs: [], it: 'even none' },
  ]
  for (const { outputs, it: name } of SELECTIONS) {
    it(`gets the outputs that it wants, ${name}: [${outputs.join()}]`, async () => {
      await load(undefined, twoOutputs())
      const [answer] = answersOf(await worker.instance.run([request({ tensors: [X], outputs })]))
      assert.deepEqual(
        (answer as Tensor[]).map((tensor) => tensor.name),
        outputs,
      )
    })
  }

  it('shares a run with requests that want other outputs', async () => {
    await load(undefined, twoOutputs())
    const requests = [
      request({ tensors: [X], outputs: ['double'] }),
      request({ tensors: [X], outputs: ['negative'] }),
      bodyRequest([[3, 4]]),
    ]
    const { replies, timing } = await worker.instance.run(requests)
    assert.equal(timing.runs, 1)
    assert.deepEqual(answersOf({ replies, timing }), [
      [{ ...X, name: 'double', data: Float32Array.of(2, 4) }],
      [{ ...X, name: 'negative', data: Float32Array.of(-1, -2) }],
      { double: [[6, 8]], negative: [[-3, -4]] },
    ])
  })

  it('is told when the handler has not answered an output that it declares', async () => {
    await load(`export default { ${SIGNATURE}, handle: (requests) => requests.map(() => [
      { name: 'loud', dtype: 'BYTES', shape: [0], data: [] },
    ]) }`)
    assert.deepEqual(
      answersOf(await worker.instance.run([request({ tensors: [TEXT], outputs: ['length'] })])),
      ["internal: the handler answered 'loud', but not the wanted output 'length'"],
    )
  })

  it('is not taken by a handler whose signature is none', async () => {
    await assert.rejects(load('export default { signature: { inputs: [] }, handle: () => [] }'), {
      code: 'invalid_argument',
      message: /^the handler 'handler.mjs' has a 'signature' without a list of 1 to 1024 inputs/,
    })
  })
})
