import assert from 'node:assert/strict'
import { status } from '@grpc/grpc-js'
import { GrpcClient, TF_MODEL, TF_PREDICTION } from '../../support/grpc-client.ts'
import { TfServingServer } from './tfserving-server.ts'

const shape = (...sizes: readonly number[]) => ({ dim: sizes.map((size) => ({ size })) })
const floats = (...values: readonly number[]) => ({
  dtype: 'DT_FLOAT',
  tensor_shape: shape(values.length),
  float_val: values,
})
const bytes = (array: Float32Array | BigInt64Array) => Buffer.from(array.buffer)

type Output = { readonly float_val: number[]; readonly string_val: Buffer[]; readonly tensor_content: Buffer }

describe('TensorFlow Serving’s gRPC API', function () {
  this.timeout(60_000)
  let server: TfServingServer
  let predictions: GrpcClient
  let models: GrpcClient

  before(async () => {
    server = await TfServingServer.start()
    predictions = new GrpcClient(server.grpcInference, TF_PREDICTION)
    models = new GrpcClient(server.grpcInference, TF_MODEL)
  })

  after(async () => {
    predictions.close()
    models.close()
    await server.stop()
  })

  async function outputs(request: object): Promise<Record<string, Output>> {
    const { message } = await predictions.unary('Predict', request)
    return message['outputs'] as Record<string, Output>
  }

  const VERSIONS = [
    { spec: { name: 'half' }, value: 2.5 },
    { spec: { name: 'half', version: { value: 124 } }, value: 3.5 },
    { spec: { name: 'half', version_label: 'stable' }, value: 2.5 },
    { spec: { name: 'named', version: { value: 2 } }, value: 2.5 },
  ]
  for (const { spec, value } of VERSIONS) {
    it(`predicts ${value} with ${JSON.stringify(spec)}`, async () => {
      const { y } = await outputs({ model_spec: spec, inputs: { x: floats(1) } })
      assert.deepEqual(y?.float_val, [value])
    })
  }

  // The name of the signature moves the tensor in its message.
  for (const signature of ['', 'serving_default']) {
    it(`predicts raw where it is asked raw, with signature '${signature}'`, async () => {
      const x = { dtype: 'DT_FLOAT', tensor_shape: shape(2), tensor_content: bytes(Float32Array.of(1, 2)) }
      const { y } = await outputs({ model_spec: { name: 'half', signature_name: signature }, inputs: { x } })
      assert.deepEqual(y?.tensor_content, bytes(Float32Array.of(2.5, 3)))
    })
  }

  it('keeps longs and texts', async () => {
    const data = BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n)
    const longs = await outputs({
      model_spec: { name: 'longs' },
      inputs: { x: { dtype: 'DT_INT64', tensor_shape: shape(2), tensor_content: bytes(data) } },
    })
    assert.deepEqual(longs['y']?.tensor_content, bytes(data))
    const texts = ['è𝄞', ''].map((text) => Buffer.from(text))
    const { y } = await outputs({
      model_spec: { name: 'texts' },
      inputs: { x: { dtype: 'DT_STRING', tensor_shape: shape(2), string_val: texts } },
    })
    assert.deepEqual(y?.string_val, texts)
  })

  it('says in the words of its clients that there is no such model', async () => {
    const { code, details } = await predictions.failure('Predict', { model_spec: { name: 'none' } })
    assert.equal(code, status.NOT_FOUND)
    assert.match(details, /Servable/)
  })

  it('classifies and regresses the same examples', async () => {
    const example = (value: number) => ({ features: { feature: { x: { float_list: { value: [value] } } } } })
    const task = (name: string, method: string) => ({
      model_spec: { name: 'half', signature_name: name },
      method_name: `tensorflow/serving/${method}`,
    })
    const { message } = await predictions.unary('MultiInference', {
      tasks: [task('classify_x_to_y', 'classify'), task('regress_x_to_y', 'regress')],
      input: { example_list: { examples: [example(1), example(2)] } },
    })
    const [classified, regressed] = message['results'] as Record<string, object>[]
    assert.deepEqual(classified?.['classification_result'], {
      classifications: [{ classes: [{ label: '', score: 2.5 }] }, { classes: [{ label: '', score: 3 }] }],
    })
    assert.deepEqual(regressed?.['regression_result'], { regressions: [{ value: 2.5 }, { value: 3 }] })
  })

  it('tells the status, newest first', async () => {
    const { message } = await models.unary('GetModelStatus', { model_spec: { name: 'half' } })
    const versions = message['model_version_status'] as { version: number; state: string }[]
    assert.deepEqual(
      versions.map(({ version, state }) => [version, state]),
      [
        [124, 'AVAILABLE'],
        [123, 'AVAILABLE'],
      ],
    )
  })

  it('tells the signatures', async () => {
    const request = { model_spec: { name: 'half' }, metadata_field: ['signature_def'] }
    const { message } = await predictions.unary('GetModelMetadata', request)
    assert.deepEqual((message['model_spec'] as { version: object }).version, { value: 123 })
  })

  it('refuses a list of models that is wrong', async () => {
    const error = await models.failure('HandleReloadConfigRequest', {})
    assert.equal(error.code, status.INVALID_ARGUMENT)
  })
})
