import assert from 'node:assert/strict'
import { status } from '@grpc/grpc-js'
import fc from 'fast-check'
import { labelNotFound, modelNotFound, versionNotFound } from '../../../../frontend/core/errors.ts'
import { encode } from '../../../../frontend/grpc/proto/definitions.ts'
import { tfServingServices } from '../../../../frontend/protocols/tfserving/grpc.ts'
import { ServingError } from '../../../../worker/contract/errors.ts'
import { bytesResponse } from '../../../support/fake-planes.ts'
import { decode, TF_MODEL, TF_PREDICTION, type GrpcClient } from '../../../support/grpc-client.ts'
import { GrpcFixture } from '../../../support/grpc-fixture.ts'
import { echo, metadataOf, tensorModel } from '../../../support/tfserving-fixture.ts'

const SPEC = { name: 'digits' }
const X = { dtype: 'DT_FLOAT', tensor_shape: { dim: [{ size: 1 }, { size: 2 }] }, float_val: [0.5, 2] }
const RAW = { ...X, float_val: [], tensor_content: Buffer.from(Float32Array.of(0.5, 2).buffer) }
const PREDICT = { model_spec: SPEC, inputs: { x: X } }

type Outputs = { readonly outputs: Record<string, { float_val: number[]; tensor_content: Buffer }> }

describe('TensorFlow Serving over gRPC', () => {
  let server: GrpcFixture
  let predictions: GrpcClient
  beforeEach(async () => {
    server = await GrpcFixture.serving(({ dataPlane, controlPlane }) =>
      tfServingServices({ dataPlane, controlPlane, encode, answersRaw: false }),
    )
    server.dataPlane.currentMetadata = tensorModel()
    server.dataPlane.onRun = echo
    predictions = server.client(TF_PREDICTION)
  })
  afterEach(() => server.close())

  describe('Predict', () => {
    it('answers lists where the request has lists, and says who has answered', async () => {
      const { message } = await predictions.unary('Predict', PREDICT)
      const { outputs, model_spec } = message as Outputs & { model_spec: object }
      assert.deepEqual(outputs['y']?.float_val, [0.5, 2])
      assert.deepEqual(model_spec, {
        name: 'digits',
        signature_name: 'serving_default',
        version: { value: 1 },
      })
    })

    it('answers raw where the request is raw', async () => {
      const { message } = await predictions.unary('Predict', { model_spec: SPEC, inputs: { x: RAW } })
      assert.deepEqual((message as Outputs).outputs['y']?.tensor_content, RAW.tensor_content)
    })

    const TARGETS = [
      { spec: { ...SPEC, version: { value: 7 } }, model: { name: 'digits', integerVersion: '7' } },
      { spec: { ...SPEC, version_label: 'stable' }, model: { name: 'digits', label: 'stable' } },
      { spec: { ...SPEC, signature_name: 'serving_default' }, model: { name: 'digits' } },
    ]
    for (const { spec, model } of TARGETS) {
      it(`is for ${JSON.stringify(model)} with ${JSON.stringify(spec)}`, async () => {
        await predictions.unary('Predict', { ...PREDICT, model_spec: spec })
        assert.deepEqual(server.dataPlane.heads[0]?.model, model)
      })
    }

    it('answers the outputs of its filter only', async () => {
      server.dataPlane.currentMetadata = tensorModel({
        outputs: [metadataOf('FP32', 'y'), metadataOf('FP32', 'z')],
      })
      const { message } = await predictions.unary('Predict', { ...PREDICT, output_filter: ['y'] })
      assert.deepEqual(Object.keys((message as Outputs).outputs), ['y'])
      const [payload] = server.dataPlane.payloads
      assert.deepEqual(payload?.kind === 'tensors' && payload.outputs, ['y'])
    })

    it('has the deadline of its caller', async () => {
      await predictions.unary('Predict', PREDICT, { deadline: Date.now() + 5000 })
      assert.ok((server.dataPlane.heads[0]?.timeoutMs ?? 0) > 0)
    })

    const REFUSED = [
      { request: {}, code: status.INVALID_ARGUMENT, details: /^Missing ModelSpec/ },
      { request: { model_spec: {} }, code: status.INVALID_ARGUMENT, details: /^ModelSpec has no name/ },
      {
        request: { ...PREDICT, model_spec: { ...SPEC, version: { value: -1 } } },
        code: status.INVALID_ARGUMENT,
        details: /^Failed to convert version: -1/,
      },
      {
        request: { ...PREDICT, model_spec: { ...SPEC, signature_name: 'none' } },
        code: status.FAILED_PRECONDITION,
        details: /^Serving signature key "none" not found\./,
      },
      {
        request: { model_spec: SPEC, inputs: { X } },
        code: status.INVALID_ARGUMENT,
        details: /Sending extra: \{X\}\. Missing but required: \{x\}\./,
      },
      {
        request: { ...PREDICT, output_filter: ['z'] },
        code: status.INVALID_ARGUMENT,
        details: /^output tensor alias not found in signature: z/,
      },
      {
        request: { ...PREDICT, output_filter: ['y', 'y'] },
        code: status.INVALID_ARGUMENT,
        details: /^duplicate output tensor alias in output_filter: y/,
      },
      {
        request: { model_spec: SPEC, inputs: { x: { ...X, float_val: [1, 2, 3] } } },
        code: status.INVALID_ARGUMENT,
        details: /input 'x' has 3 elements at inputs\/x\/float_val/,
      },
    ]
    for (const { request, code, details } of REFUSED) {
      it(`is refused: ${details.source}`, async () => {
        const error = await predictions.failure('Predict', request)
        assert.equal(error.code, code, error.details)
        assert.match(error.details, details)
      })
    }

    const NOT_THERE = [
      {
        error: modelNotFound('digits', []),
        spec: SPEC,
        code: status.NOT_FOUND,
        details: /^Servable not found for request: Latest\(digits\)/,
      },
      {
        error: versionNotFound({ name: 'digits', integerVersion: '7' }, ['1']),
        spec: { ...SPEC, version: { value: 7 } },
        code: status.NOT_FOUND,
        details: /^Servable not found for request: Specific\(digits, 7\)/,
      },
      {
        error: labelNotFound('digits', 'new', {}),
        spec: { ...SPEC, version_label: 'new' },
        code: status.INVALID_ARGUMENT,
        details: /^Unrecognized servable version label: new/,
      },
      {
        error: new ServingError('unavailable', 'later'),
        spec: SPEC,
        code: status.UNAVAILABLE,
        details: /^later/,
      },
    ]
    for (const { error, spec, code, details } of NOT_THERE) {
      it(`fails in the words of its clients: ${details.source}`, async () => {
        server.dataPlane.admission = error
        const failure = await predictions.failure('Predict', { ...PREDICT, model_spec: spec })
        assert.equal(failure.code, code, failure.details)
        assert.match(failure.details, details)
      })
    }

    it('carries no bytes that a handler answers', async () => {
      server.dataPlane.onRun = undefined
      server.dataPlane.outcome = bytesResponse('{}')
      assert.equal((await predictions.failure('Predict', PREDICT)).code, status.UNIMPLEMENTED)
    })

    it('is answered or refused, whatever its bytes', async function () {
      this.timeout(30_000)
      const codes: readonly (number | undefined)[] = [
        undefined,
        status.INVALID_ARGUMENT,
        status.FAILED_PRECONDITION,
      ]
      const valid = encode('tensorflow.serving.PredictRequest', {
        model_spec: SPEC,
        inputs: [{ key: 'x', value: X }],
      })
      const damaged = fc.tuple(fc.nat(valid.length - 1), fc.nat(255)).map(([at, byte]) => {
        const copy = Buffer.from(valid)
        copy[at] = byte
        return copy
      })
      const bytes = fc.oneof(
        damaged,
        fc.uint8Array().map((any) => Buffer.from(any)),
      )
      await fc.assert(
        fc.asyncProperty(bytes, async (message) => {
          const error = await predictions.raw('Predict', message)
          assert.ok(codes.includes(error?.code), error?.message)
        }),
        { numRuns: 200 },
      )
    })
  })

  it('tells the signatures', async () => {
    const { message } = await predictions.unary('GetModelMetadata', {
      model_spec: SPEC,
      metadata_field: ['signature_def'],
    })
    const { metadata } = message as { metadata: Record<string, { type_url: string; value: Buffer }> }
    const any = metadata['signature_def']
    assert.equal(any?.type_url, 'type.googleapis.com/tensorflow.serving.SignatureDefMap')
    const map = decode('tensorflow.serving.SignatureDefMap', any.value)
    const dim = [
      { size: -1, name: 'batch' },
      { size: 2, name: '' },
    ]
    const tensor = { dtype: 'DT_FLOAT', tensor_shape: { dim, unknown_rank: false } }
    assert.deepEqual(JSON.parse(JSON.stringify(map)), {
      signature_def: {
        serving_default: {
          inputs: { x: { name: 'x', ...tensor } },
          outputs: { y: { name: 'y', ...tensor } },
          method_name: 'tensorflow/serving/predict',
          defaults: {},
        },
      },
    })
  })

  for (const fields of [[], ['signature_def', 'assets']]) {
    it(`refuses to tell ${JSON.stringify(fields)}`, async () => {
      const request = { model_spec: SPEC, metadata_field: fields }
      const error = await predictions.failure('GetModelMetadata', request)
      assert.equal(error.code, status.INVALID_ARGUMENT)
    })
  }

  it('tells the status of the versions', async () => {
    const { message } = await server.client(TF_MODEL).unary('GetModelStatus', { model_spec: SPEC })
    assert.deepEqual(message['model_version_status'], [
      { version: 1, state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } },
    ])
  })

  it('tells that there are no versions', async () => {
    const error = await server.client(TF_MODEL).failure('GetModelStatus', { model_spec: { name: 'cats' } })
    assert.deepEqual(
      [error.code, error.details.slice(0, 43)],
      [status.NOT_FOUND, 'Could not find any versions of model cats; '],
    )
  })
})
