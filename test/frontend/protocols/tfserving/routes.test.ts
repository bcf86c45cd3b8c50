import assert from 'node:assert/strict'
import { ServingError } from '../../../../worker/contract/errors.ts'
import { tensorModel, TfServingFixture } from '../../../support/tfserving-fixture.ts'
import { modelNotFound } from '../../../../frontend/core/errors.ts'

describe('the models over TensorFlow Serving’s REST', () => {
  let server: TfServingFixture
  beforeEach(async () => {
    server = await TfServingFixture.open()
  })
  afterEach(() => server.close())

  const model = { name: 'digits', version: '1.0' }
  const OK = { error_code: 'OK', error_message: '' }
  const STATES = [
    { state: 'ready', ready: true, status: 200, shown: 'AVAILABLE', error: OK },
    { state: 'new', ready: false, status: 503, shown: 'START', error: OK },
    { state: 'loading', ready: false, status: 503, shown: 'LOADING', error: OK },
    { state: 'draining', ready: false, status: 503, shown: 'UNLOADING', error: OK },
    { state: 'unloading', ready: false, status: 503, shown: 'UNLOADING', error: OK },
    {
      state: 'failed',
      ready: false,
      status: 503,
      shown: 'END',
      error: { error_code: 'UNKNOWN', error_message: 'broken' },
    },
    {
      state: 'ready',
      ready: false,
      status: 503,
      shown: 'LOADING',
      error: { error_code: 'UNAVAILABLE', error_message: 'broken' },
    },
  ] as const
  for (const { state, ready, status, shown, error } of STATES) {
    it(`say ${shown} of a version that is ${state} and ${ready ? 'answers' : 'does not answer'}`, async () => {
      const version = { model, ready, state, ...(ready ? {} : { reason: 'broken' }) }
      server.dataPlane.currentHealth = { ...server.dataPlane.currentHealth, versions: [version] }
      const reply = await server.get('/v1/models/digits')
      assert.equal(reply.status, status)
      assert.deepEqual(JSON.parse(reply.text), {
        name: 'digits',
        ready,
        model_version_status: [{ version: '1', state: shown, status: error }],
      })
    })
  }

  it('have the status of one version', async () => {
    const versions = [
      { model, ready: true },
      { model: { ...model, version: '2.0' }, ready: false },
    ]
    server.dataPlane.currentHealth = { ...server.dataPlane.currentHealth, versions }
    const statesAt = async (path: string) => {
      const { text } = await server.get(path)
      return (JSON.parse(text) as { model_version_status: { state: string }[] }).model_version_status.map(
        ({ state }) => state,
      )
    }
    assert.deepEqual(await statesAt('/v1/models/digits'), ['LOADING', 'AVAILABLE'])
    assert.deepEqual(await statesAt('/v1/models/digits/versions/2.0'), ['LOADING'])
  })

  const UNKNOWN = [
    { path: '/v1/models/cats', text: /^Could not find any versions of model cats; / },
    { path: '/v1/models/cats/versions/5', text: /^Could not find any versions of model cats; / },
    { path: '/v1/models/cats/metadata', text: /^Servable not found for request: Latest\(cats\); / },
  ]
  for (const { path, text } of UNKNOWN) {
    it(`answer 404 at ${path}`, async () => {
      server.dataPlane.currentMetadata = modelNotFound('cats', ['digits'])
      const reply = await server.get(path)
      assert.equal(reply.status, 404)
      assert.match((JSON.parse(reply.text) as { error: string }).error, text)
    })
  }

  it('are listed for KServe', async () => {
    server.dataPlane.currentModels = ['a', 'b'].map((name) => ({ name, loadedAtStartup: true }))
    assert.deepEqual(JSON.parse((await server.get('/v1/models')).text), { models: ['a', 'b'] })
  })

  it('are listed as far as a token goes', async () => {
    const check = (_: unknown, __: unknown, name?: string) => {
      if (name === 'b') throw new ServingError('permission_denied', 'not b')
      return { models: new Set(['a']) }
    }
    const guarded = await TfServingFixture.open({ check })
    guarded.dataPlane.currentModels = ['a', 'b'].map((name) => ({ name, loadedAtStartup: true }))
    const { text } = await guarded.get('/v1/models')
    const refused = await guarded.post('/v1/models/b:predict', { instances: [1] })
    await guarded.close()
    assert.deepEqual(JSON.parse(text), { models: ['a'] })
    assert.equal(refused.status, 403)
  })

  it('have their signatures in the metadata', async () => {
    server.dataPlane.currentMetadata = tensorModel({
      inputs: [{ name: 'x', dtype: 'FP32', shape: ['batch', 4] }],
      outputs: [{ name: 'y', dtype: 'INT64', shape: [] }],
      signatures: { other: { method: 'regress', inputs: { feature: 'x' }, outputs: { outputs: 'y' } } },
    })
    const dim = [
      { size: '-1', name: 'batch' },
      { size: '4', name: '' },
    ]
    const x = { dtype: 'DT_FLOAT', tensor_shape: { dim, unknown_rank: false }, name: 'x' }
    const y = { dtype: 'DT_INT64', tensor_shape: { dim: [], unknown_rank: true }, name: 'y' }
    const { text } = await server.get('/v1/models/digits/versions/1/metadata')
    assert.deepEqual(JSON.parse(text), {
      model_spec: { name: 'digits', signature_name: '', version: '1' },
      metadata: {
        signature_def: {
          signature_def: {
            other: {
              inputs: { feature: x },
              outputs: { outputs: y },
              method_name: 'tensorflow/serving/regress',
              defaults: {},
            },
            serving_default: {
              inputs: { x },
              outputs: { y },
              method_name: 'tensorflow/serving/predict',
              defaults: {},
            },
          },
        },
      },
    })
  })

  it('are in the description of the address', async () => {
    const { text } = await server.get('/api-description')
    const paths = Object.keys((JSON.parse(text) as { paths: object }).paths).filter((path) =>
      path.startsWith('/v1'),
    )
    assert.ok(paths.includes('/v1/models/{model_name}:predict'), paths.join(' '))
    assert.ok(paths.includes('/v1/models/{model_name}/labels/{label}:classify'), paths.join(' '))
    assert.ok(paths.includes('/v1/models/{model_name}/versions/{model_version}/metadata'), paths.join(' '))
  })
})
