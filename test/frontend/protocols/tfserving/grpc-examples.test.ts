import assert from 'node:assert/strict'
import { status } from '@grpc/grpc-js'
import fc from 'fast-check'
import { encode } from '../../../../frontend/grpc/proto/definitions.ts'
import { tfServingServices } from '../../../../frontend/protocols/tfserving/grpc.ts'
import { TF_PREDICTION, type GrpcClient } from '../../../support/grpc-client.ts'
import { GrpcFixture } from '../../../support/grpc-fixture.ts'
import { metadataOf, tensorModel, tensorsResponse } from '../../../support/tfserving-fixture.ts'

const SPEC = { name: 'digits' }

describe('examples over gRPC', () => {
  let server: GrpcFixture
  let predictions: GrpcClient
  const feature = (kind: string, ...value: readonly unknown[]) => ({ [kind]: { value } })
  const EXAMPLES = [
    { features: { feature: { size: feature('float_list', 0.5, 2), n: feature('int64_list', -3) } } },
    {
      features: {
        feature: { size: feature('float_list', 1, 4), kind: feature('bytes_list', Buffer.from('own')) },
      },
    },
  ]
  const CONTEXT = {
    features: {
      feature: { kind: feature('bytes_list', Buffer.from('all')), n: feature('int64_list', 2 ** 40) },
    },
  }
  const INPUT = { example_list_with_context: { examples: EXAMPLES, context: CONTEXT } }
  beforeEach(async () => {
    server = await GrpcFixture.serving(({ dataPlane, controlPlane }) =>
      tfServingServices({ dataPlane, controlPlane, encode, answersRaw: false }),
    )
    predictions = server.client(TF_PREDICTION)
    server.dataPlane.currentMetadata = tensorModel({
      inputs: [
        { name: 'sizes', dtype: 'FP32', shape: ['batch', 2] },
        { name: 'kinds', dtype: 'BYTES', shape: ['batch'] },
        { name: 'numbers', dtype: 'INT64', shape: ['batch'] },
      ],
      outputs: [
        metadataOf('BYTES', 'names'),
        metadataOf('FP32', 'probabilities'),
        metadataOf('FP32', 'price'),
      ],
      signatures: {
        sort: {
          method: 'classify',
          inputs: { size: 'sizes', kind: 'kinds', n: 'numbers' },
          outputs: { classes: 'names', scores: 'probabilities' },
        },
        price: { method: 'regress', inputs: { size: 'sizes' }, outputs: { outputs: 'price' } },
      },
    })
    server.dataPlane.onRun = undefined
    server.dataPlane.outcome = tensorsResponse([
      { name: 'names', dtype: 'BYTES', shape: [2, 1], data: ['a', 'b'] },
      { name: 'probabilities', dtype: 'FP32', shape: [2, 1], data: Float32Array.of(0.25, 0.5) },
      { name: 'price', dtype: 'FP32', shape: [2], data: Float32Array.of(4, 8) },
    ])
  })
  afterEach(() => server.close())

  const CLASSIFIED = {
    classifications: [{ classes: [{ label: 'a', score: 0.25 }] }, { classes: [{ label: 'b', score: 0.5 }] }],
  }
  const REGRESSED = { regressions: [{ value: 4 }, { value: 8 }] }

  it('are classified', async () => {
    const request = { model_spec: { ...SPEC, signature_name: 'sort' }, input: INPUT }
    const { message } = await predictions.unary('Classify', request)
    assert.deepEqual(message['result'], CLASSIFIED)
    const [payload] = server.dataPlane.payloads
    assert.deepEqual(payload?.kind === 'tensors' && payload.tensors, [
      { name: 'sizes', dtype: 'FP32', shape: [2, 2], data: Float32Array.of(0.5, 2, 1, 4) },
      { name: 'kinds', dtype: 'BYTES', shape: [2], data: ['all', 'own'] },
      { name: 'numbers', dtype: 'INT64', shape: [2], data: BigInt64Array.of(-3n, 2n ** 40n) },
    ])
  })

  it('get a number each', async () => {
    const request = {
      model_spec: { ...SPEC, signature_name: 'price' },
      input: { example_list: { examples: EXAMPLES } },
    }
    const { message } = await predictions.unary('Regress', request)
    assert.deepEqual(message['result'], REGRESSED)
  })

  it('get both at once', async () => {
    const tasks = [
      { model_spec: { ...SPEC, signature_name: 'sort' }, method_name: 'tensorflow/serving/classify' },
      { model_spec: { ...SPEC, signature_name: 'price' }, method_name: 'tensorflow/serving/regress' },
    ]
    const { message } = await predictions.unary('MultiInference', { tasks, input: INPUT })
    const [first, second] = message['results'] as Record<string, unknown>[]
    assert.deepEqual(
      [first?.['classification_result'], second?.['regression_result']],
      [CLASSIFIED, REGRESSED],
    )
  })

  const task = (signature: string, method: string, name = 'digits') => ({
    model_spec: { name, signature_name: signature },
    method_name: `tensorflow/serving/${method}`,
  })
  /** Each example would hold all of it. */
  const GREAT_CONTEXT = {
    features: {
      feature: { size: feature('float_list', 1, 2), kind: feature('bytes_list', Buffer.alloc(1000)) },
    },
  }
  const SMALL = { features: { feature: { n: feature('int64_list', 1) } } }
  const REFUSED = [
    {
      method: 'Classify',
      request: {
        model_spec: { ...SPEC, signature_name: 'sort' },
        input: {
          example_list_with_context: {
            examples: new Array<typeof SMALL>(200).fill(SMALL),
            context: GREAT_CONTEXT,
          },
        },
      },
      details: /^200 examples with 1 values each of the feature 'kind' would need more than 100000 bytes/,
    },
    { method: 'Classify', request: { input: INPUT }, details: /^Missing ModelSpec/ },
    {
      method: 'Classify',
      request: { model_spec: { ...SPEC, signature_name: 'sort' } },
      details: /^Input is empty/,
    },
    {
      method: 'Classify',
      request: {
        model_spec: { ...SPEC, signature_name: 'sort' },
        input: { example_list: { examples: [] } },
      },
      details: /^there is no example/,
    },
    {
      method: 'Classify',
      request: {
        model_spec: { ...SPEC, signature_name: 'sort' },
        input: { example_list: { examples: EXAMPLES } },
      },
      details: /^input\/example_list\/examples\/0 lacks the feature 'kind'/,
    },
    {
      method: 'Regress',
      request: { model_spec: { ...SPEC, signature_name: 'sort' }, input: INPUT },
      details: /^the signature "sort" is for classify, not for regress/,
    },
    {
      method: 'MultiInference',
      request: { tasks: [], input: INPUT },
      details: /^the field tasks has 0 tasks/,
    },
    {
      method: 'MultiInference',
      request: { tasks: [task('sort', 'classify'), task('price', 'regress', 'cats')], input: INPUT },
      details: /^all tasks must be of the same model/,
    },
    {
      method: 'MultiInference',
      request: { tasks: [task('sort', 'classify'), task('sort', 'classify')], input: INPUT },
      details: /^Duplicate evaluation of signature: sort/,
    },
    {
      method: 'MultiInference',
      request: { tasks: [task('sort', 'predict')], input: INPUT },
      details: /^tasks\/0\/method_name is 'tensorflow\/serving\/predict'/,
    },
  ]
  for (const { method, request, details } of REFUSED) {
    it(`are refused by ${method}: ${details.source}`, async () => {
      const error = await predictions.failure(method, request)
      assert.ok([status.INVALID_ARGUMENT, status.FAILED_PRECONDITION].includes(error.code), error.details)
      assert.match(error.details, details)
    })
  }

  it('are read or refused, whatever their bytes', async function () {
    this.timeout(30_000)
    const codes: readonly (number | undefined)[] = [undefined, status.INVALID_ARGUMENT]
    const spec = { ...SPEC, signature_name: 'sort' }
    const valid = encode('tensorflow.serving.ClassificationRequest', {
      model_spec: spec,
      input: {
        example_list: {
          examples: [{ features: { feature: [{ key: 'n', value: feature('int64_list', 1) }] } }],
        },
      },
    })
    const damaged = fc
      .tuple(fc.integer({ min: 20, max: valid.length - 1 }), fc.nat(255))
      .map(([at, byte]) => {
        const copy = Buffer.from(valid)
        copy[at] = byte
        return copy
      })
    await fc.assert(
      fc.asyncProperty(damaged, async (message) => {
        const error = await predictions.raw('Classify', message)
        assert.ok(codes.includes(error?.code), error?.message)
      }),
      { numRuns: 200 },
    )
  })
})
