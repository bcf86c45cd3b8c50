import assert from 'node:assert/strict'
import {
  metadataOf,
  tensorModel,
  tensorsResponse,
  TfServingFixture,
} from '../../../support/tfserving-fixture.ts'
import type { Tensor } from '../../../../worker/contract/tensor.ts'

const CLASSIFY = '/v1/models/digits:classify'
const REGRESS = '/v1/models/digits:regress'
const MODEL = tensorModel({
  inputs: [
    { name: 'sizes', dtype: 'FP32', shape: ['batch', 2] },
    { name: 'kind', dtype: 'BYTES', shape: ['batch'] },
    { name: 'count', dtype: 'INT64', shape: ['batch', 'n'] },
  ],
  outputs: [metadataOf('BYTES', 'names'), metadataOf('FP32', 'probabilities'), metadataOf('FP64', 'price')],
  signatures: {
    serving_default: {
      method: 'classify',
      inputs: { size: 'sizes', kind: 'kind', n: 'count' },
      outputs: { classes: 'names', scores: 'probabilities' },
    },
    scores: { method: 'classify', inputs: { size: 'sizes' }, outputs: { scores: 'probabilities' } },
    classes: { method: 'classify', inputs: { size: 'sizes' }, outputs: { classes: 'names' } },
    price: { method: 'regress', inputs: { size: 'sizes' }, outputs: { outputs: 'price' } },
    plain: { method: 'predict', inputs: { size: 'sizes' }, outputs: { scores: 'probabilities' } },
  },
})
const NAMES: Tensor = { name: 'names', dtype: 'BYTES', shape: [1, 2], data: ['a', 'b'] }
const PROBABILITIES: Tensor = {
  name: 'probabilities',
  dtype: 'FP32',
  shape: [1, 2],
  data: Float32Array.of(0.1, 1),
}
const PRICE: Tensor = { name: 'price', dtype: 'FP64', shape: [2, 1], data: Float64Array.of(0.1, NaN) }
const EXAMPLE = { size: [1, 2], kind: 'x', n: [3] }

describe('examples in JSON', () => {
  let server: TfServingFixture
  beforeEach(async () => {
    server = await TfServingFixture.open()
    server.dataPlane.currentMetadata = MODEL
    server.dataPlane.onRun = undefined
    server.dataPlane.outcome = tensorsResponse([NAMES, PROBABILITIES, PRICE])
  })
  afterEach(() => server.close())

  it('become the inputs of the signature, a row each', async () => {
    const examples = [
      { size: [1, 2], kind: { b64: 'aGk=' }, n: [1, 2], unused: 1 },
      { size: [3.5, 4], n: [3, true] },
    ]
    const { status, text } = await server.post(CLASSIFY, { context: { kind: ['both'] }, examples })
    assert.equal(status, 200, text)
    assert.deepEqual(server.dataPlane.payloads[0], {
      kind: 'tensors',
      tensors: [
        { name: 'sizes', dtype: 'FP32', shape: [2, 2], data: Float32Array.of(1, 2, 3.5, 4) },
        { name: 'kind', dtype: 'BYTES', shape: [2], data: ['hi', 'both'] },
        { name: 'count', dtype: 'INT64', shape: [2, 2], data: BigInt64Array.of(1n, 2n, 3n, 1n) },
      ],
      outputs: ['names', 'probabilities'],
    })
  })

  const ANSWERS = [
    { path: CLASSIFY, signature_name: 'serving_default', text: '{"results":[[["a",0.1],["b",1.0]]]}' },
    { path: CLASSIFY, signature_name: 'scores', text: '{"results":[[["",0.1],["",1.0]]]}' },
    { path: CLASSIFY, signature_name: 'classes', text: '{"results":[[["a",0.0],["b",0.0]]]}' },
    { path: REGRESS, signature_name: 'price', text: '{"results":[0.1,"NaN"]}' },
  ]
  for (const { path, signature_name, text } of ANSWERS) {
    it(`are answered by the signature ${signature_name} with ${text}`, async () => {
      const reply = await server.post(path, { signature_name, examples: [EXAMPLE] })
      assert.deepEqual([reply.status, reply.text], [200, text])
    })
  }

  it('have the labels of the model where its graph names none', async () => {
    server.dataPlane.currentMetadata = { ...MODEL, outputLabels: { probabilities: ['cat', 'dog'] } }
    const { text } = await server.post(CLASSIFY, { signature_name: 'scores', examples: [EXAMPLE] })
    assert.equal(text, '{"results":[[["cat",0.1],["dog",1.0]]]}')
  })

  const MANY = Array.from({ length: 200 }, () => ({ size: [1, 2], kind: 'x' }))
  const REFUSED = [
    {
      body: { context: { n: new Array(200).fill(1) }, examples: MANY },
      message: /^200 examples with 200 values each of the feature 'n' would need more than 100000 bytes/,
    },
    {
      body: { context: { n: [1], kind: 'x'.repeat(1000) }, examples: MANY.map(({ size }) => ({ size })) },
      message: /^200 examples with 1 values each of the feature 'kind' would need more than 100000 bytes/,
    },
    { body: {}, message: /^\/examples is nothing, expected a list/ },
    { body: { examples: [] }, message: /^there is no example/ },
    { body: { examples: [5] }, message: /^\/examples\/0 is 5, expected an object of features/ },
    { body: { context: 5, examples: [EXAMPLE] }, message: /^\/context is 5/ },
    { body: { examples: [{ ...EXAMPLE, kind: null }] }, message: /^\/examples\/0\/kind is null/ },
    {
      body: { examples: [{ ...EXAMPLE, size: [1, 'a'] }] },
      message: /^\/examples\/0\/size\/1 is "a", of another kind/,
    },
    { body: { examples: [{ ...EXAMPLE, size: [[1]] }] }, message: /^\/examples\/0\/size\/0 is \[1\]/ },
    {
      body: { examples: [{ ...EXAMPLE, kind: { b64: '/w==' } }] },
      message: /^\/examples\/0\/kind\/b64 does not encode UTF-8/,
    },
    {
      body: { examples: [{ ...EXAMPLE, size: 1 }] },
      message: /^the feature 'size' has 1 values, its input expects rows of shape \[2\]/,
    },
    {
      body: { examples: [{ ...EXAMPLE, kind: ['a', 'b'] }] },
      message: /^the feature 'kind' has 2 values, its input expects rows of a single value/,
    },
    { body: { examples: [{ size: [1, 2], kind: 'x' }] }, message: /^\/examples\/0 lacks the feature 'n'/ },
    {
      body: { examples: [EXAMPLE, { ...EXAMPLE, n: [1, 2] }] },
      message: /^\/examples\/1 has 2 values of the feature 'n', the first example has 1/,
    },
    {
      body: { examples: [{ ...EXAMPLE, n: [1.5] }] },
      message: /^\/examples\/0 has 1.5 in the feature 'n', INT64 expects/,
    },
    {
      body: { signature_name: 'plain', examples: [EXAMPLE] },
      message: /^the signature "plain" is for predict, not for classify/,
    },
    {
      body: { signature_name: 'price', examples: [EXAMPLE] },
      message: /^the signature "price" is for regress, not for classify/,
    },
    {
      body: { signature_name: 'none', examples: [EXAMPLE] },
      message: /^Serving signature name: "none" not found/,
    },
  ]
  for (const { body, message } of REFUSED) {
    it(`are refused: ${message.source}`, async () => {
      const { status, text } = await server.post(CLASSIFY, body)
      assert.equal(status, 400)
      assert.match((JSON.parse(text) as { error: string }).error, message)
      assert.equal(server.dataPlane.cancelled, 1)
    })
  }
})
