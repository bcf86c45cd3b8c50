import assert from 'node:assert/strict'
import { DIGITS } from '../../../support/fake-planes.ts'
import { OipFixture } from '../../../support/oip-fixture.ts'

describe('OIP metadata', () => {
  let oip: OipFixture
  beforeEach(async () => {
    oip = await OipFixture.open()
  })
  afterEach(() => oip.close())

  const json = async (path: string) => {
    const { status, text, headers } = await oip.get(path)
    assert.equal(headers['content-type'], 'application/json')
    return { status, body: JSON.parse(text) as unknown }
  }

  it('names the server, its version and its extensions', async () => {
    const { status, body } = await json('/v2')
    const { name, version, extensions } = body as { name: string; version: string; extensions: string[] }
    assert.deepEqual({ status, name, version }, { status: 200, name: 'onnxserve', version: '1.2.3' })
    assert.ok(extensions.includes('binary_tensor_data'))
  })

  it('lists the models', async () => {
    assert.deepEqual(await json('/v2/models'), { status: 200, body: { models: ['digits'] } })
  })

  const describeModel = () => {
    oip.dataPlane.currentMetadata = {
      ...oip.dataPlane.metadata(),
      versions: ['1.0', '2.0'],
      inputs: [{ name: 'x', dtype: 'FP32', shape: ['batch', -1, 28] }],
      outputs: [{ name: 'y', dtype: 'BYTES', shape: [] }],
    }
  }

  const TENSORS = {
    platform: 'onnxruntime_onnx',
    inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, -1, 28] }],
    outputs: [{ name: 'y', datatype: 'BYTES', shape: [] }],
  }

  it('describes a model, any size as -1', async () => {
    describeModel()
    const body = { name: 'digits', versions: ['1.0', '2.0'], ...TENSORS }
    assert.deepEqual(await json('/v2/models/digits'), { status: 200, body })
  })

  it('describes the version that is asked for', async () => {
    describeModel()
    const body = { name: 'digits', versions: ['1.0'], ...TENSORS }
    assert.deepEqual(await json('/v2/models/digits/versions/1.0'), { status: 200, body })
  })

  const READY = [
    { path: '/v2/models/digits/ready', ready: true, status: 200, body: { name: 'digits', ready: true } },
    {
      path: '/v2/models/digits/versions/1.0/ready',
      ready: true,
      status: 200,
      body: { name: 'digits', ready: true },
    },
    {
      path: '/v2/models/digits/ready',
      ready: false,
      status: 503,
      body: { name: 'digits', ready: false, reason: 'it is loading' },
    },
    { path: '/v2/health/live', ready: false, status: 200, body: { live: true } },
    { path: '/v2/health/ready', ready: true, status: 200, body: { ready: true } },
    { path: '/v2/health/ready', ready: false, status: 503, body: { ready: false, reason: 'it is loading' } },
  ]
  for (const { path, ready, status, body } of READY) {
    it(`answers ${status} to ${path} when the model is ${ready ? 'ready' : 'not ready'}`, async () => {
      const reason = ready ? {} : { reason: 'it is loading' }
      const { currentHealth } = oip.dataPlane
      oip.dataPlane.currentHealth = {
        ...currentHealth,
        ready,
        ...reason,
        versions: [{ model: DIGITS, ready, ...reason }],
      }
      assert.deepEqual(await json(path), { status, body })
    })
  }

  it('knows no other model', async () => {
    assert.equal((await json('/v2/models/unknown/ready')).status, 404)
  })

  it('says which methods a path has', async () => {
    const { status, headers } = await oip.get('/v2/models/digits/infer')
    assert.deepEqual([status, headers.allow], [405, 'POST'])
  })
})
