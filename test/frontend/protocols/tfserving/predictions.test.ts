import assert from 'node:assert/strict'
import fc from 'fast-check'
import { labelNotFound, modelNotFound, versionNotFound } from '../../../../frontend/core/errors.ts'
import { ServingError } from '../../../../worker/contract/errors.ts'
import { tensorModel, TfServingFixture } from '../../../support/tfserving-fixture.ts'

const PREDICT = '/v1/models/digits:predict'
const ROWS = { instances: [[1, 2]] }
const NO_MODEL = modelNotFound('digits', ['iris'])
const NO_VERSION = versionNotFound({ name: 'digits', integerVersion: '7' }, ['1'])

describe('a prediction over TensorFlow Serving’s REST', () => {
  let server: TfServingFixture
  beforeEach(async () => {
    server = await TfServingFixture.open()
  })
  afterEach(() => server.close())

  const TARGETS = [
    { path: PREDICT, model: { name: 'digits' } },
    { path: '/V1/Models/digits:Predict', model: { name: 'digits' } },
    { path: '/v1/models/my%3Adigits:predict', model: { name: 'my:digits' } },
    { path: '/v1/models/digits/versions/7:predict', model: { name: 'digits', integerVersion: '7' } },
    { path: '/v1/models/digits/versions/007:predict', model: { name: 'digits', integerVersion: '7' } },
    { path: '/v1/models/digits/versions/0:predict', model: { name: 'digits', integerVersion: '0' } },
    {
      path: '/v1/models/digits/versions/9223372036854775807:predict',
      model: { name: 'digits', integerVersion: '9223372036854775807' },
    },
    { path: '/v1/models/digits/versions/1.0:predict', model: { name: 'digits', version: '1.0' } },
    { path: '/v1/models/digits/labels/stable:predict?x=1', model: { name: 'digits', label: 'stable' } },
  ]
  for (const { path, model } of TARGETS) {
    it(`at ${path} is for ${JSON.stringify(model)}`, async () => {
      const { status, text } = await server.post(path, ROWS)
      assert.deepEqual([status, text], [200, '{"predictions":[[1.0,2.0]]}'])
      assert.deepEqual(server.dataPlane.heads[0]?.model, model)
    })
  }

  it('tells which version has answered', async () => {
    const { headers } = await server.post('/v1/models/digits/versions/1.0:predict', ROWS)
    assert.equal(headers.get('x-model-version'), '1.0')
    assert.equal(headers.get('content-type'), 'application/json')
  })

  it('has columns answered by columns', async () => {
    assert.equal((await server.post(PREDICT, { inputs: [[0.1, 2]] })).text, '{"outputs":[[0.1,2.0]]}')
  })

  it('needs no content type', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' } // as curl -d has it
    assert.equal((await server.post(PREDICT, ROWS, { headers })).status, 200)
  })

  it('carries deadline and sequence to the model', async () => {
    const headers = { 'x-timeout-ms': '50', ts_request_sequence_id: 's' }
    await server.post(PREDICT, ROWS, { headers })
    const [head] = server.dataPlane.heads
    assert.deepEqual([head?.timeoutMs, head?.sequence?.id], [50, 's'])
  })

  const ERRORS = [
    {
      error: NO_MODEL,
      path: PREDICT,
      status: 404,
      text: /^Servable not found for request: Latest\(digits\); /,
    },
    {
      error: NO_VERSION,
      path: '/v1/models/digits/versions/7:predict',
      status: 404,
      text: /^Servable not found for request: Specific\(digits, 7\); /,
    },
    {
      error: labelNotFound('digits', 'new', {}),
      path: '/v1/models/digits/labels/new:predict',
      status: 400,
      text: /^Unrecognized servable version label: new; /,
    },
    { error: new ServingError('resource_exhausted', 'full'), path: PREDICT, status: 429, text: /^full$/ },
    { error: new ServingError('unavailable', 'later'), path: PREDICT, status: 503, text: /^later$/ },
    { error: new ServingError('deadline_exceeded', 'late'), path: PREDICT, status: 504, text: /^late$/ },
    { error: new ServingError('unimplemented', 'no'), path: PREDICT, status: 501, text: /^no$/ },
    { error: new ServingError('already_exists', 'is'), path: PREDICT, status: 409, text: /^is$/ },
    {
      error: new ServingError('failed_precondition', 'not so'),
      path: PREDICT,
      status: 400,
      text: /^not so$/,
    },
    { error: new ServingError('cancelled', 'gone'), path: PREDICT, status: 499, text: /^gone$/ },
  ]
  for (const { error, path, status, text } of ERRORS) {
    it(`answers ${status} to ${error.code} at ${path}`, async () => {
      server.dataPlane.admission = error
      const reply = await server.post(path, ROWS)
      const body = JSON.parse(reply.text) as { error: string }
      assert.deepEqual([reply.status, Object.keys(body)], [status, ['error']])
      assert.match(body.error, text)
    })
  }

  it('says when to come back', async () => {
    server.dataPlane.admission = new ServingError('unavailable', 'later', {
      reason: 'no_worker',
      retryAfterMs: 1500,
    })
    const { headers } = await server.post(PREDICT, ROWS)
    assert.deepEqual([headers.get('retry-after'), headers.get('x-reject-reason')], ['2', 'no_worker'])
  })

  const REFUSED = [
    {
      path: '/v1/models/digits/versions/9223372036854775808:predict',
      status: 400,
      text: /Failed to convert version/,
    },
    { path: '/v1/models/digits/versions/1/labels/a:predict', status: 404, text: /^there is no POST / },
    { path: '/v1/nothing', status: 404, text: /^there is no POST / },
  ]
  for (const { path, status, text } of REFUSED) {
    it(`is refused at ${path}`, async () => {
      const reply = await server.post(path, ROWS)
      assert.equal(reply.status, status)
      assert.match((JSON.parse(reply.text) as { error: string }).error, text)
    })
  }

  it('gives its place back when its body is bad', async () => {
    const { status, text } = await server.post(PREDICT, '{"instances":[[1,"a"]]}')
    assert.deepEqual([status, server.dataPlane.cancelled], [400, 1])
    assert.match(text, /at \/instances\/0\/1/)
  })

  it('is answered or refused, whatever its body', async function () {
    this.timeout(30_000)
    const statuses = [200, 400]
    const bodies = fc.oneof(
      fc.json(),
      fc.string(),
      fc.jsonValue().map((value) => JSON.stringify({ instances: value })),
      fc.jsonValue().map((value) => JSON.stringify({ inputs: value })),
      fc.array(fc.array(fc.double()), { minLength: 1 }).map((rows) => JSON.stringify({ instances: rows })),
    )
    const inputs = [{ name: 'x', dtype: 'INT64', shape: ['batch'] }] as const
    for (const metadata of [tensorModel(), tensorModel({ inputs })]) {
      server.dataPlane.currentMetadata = metadata
      await fc.assert(
        fc.asyncProperty(bodies, async (body) => {
          const { status, text } = await server.post(PREDICT, body)
          assert.ok(statuses.includes(status), `${status} ${text}`)
          JSON.parse(text)
        }),
        { numRuns: 150 },
      )
    }
  })
})

describe('the body for a handler that decodes it', () => {
  let server: TfServingFixture
  beforeEach(async () => {
    server = await TfServingFixture.open()
    server.dataPlane.currentMetadata = tensorModel({ handler: 'image_classifier', handlesTensors: false })
    server.dataPlane.onRun = undefined
  })
  afterEach(() => server.close())

  const HANDLERS = [
    { it: 'has rows', body: '{"instances":[{"image":{"b64":"aGk="}}],"extra":1}' },
    { it: 'has rows and columns', body: '{"instances":[1],"inputs":[2]}' },
    { it: 'has columns inside', body: '{"instances":[{"inputs":[2]}]}' },
    { it: 'is no object', body: '[1]' },
    { it: 'is no JSON', body: 'hello "inputs"' },
  ]
  for (const { it: what, body } of HANDLERS) {
    it(`is passed on as it is when it ${what}`, async () => {
      const { status, text } = await server.post(PREDICT, body, {
        headers: { 'content-type': 'application/json' },
      })
      assert.deepEqual([status, text], [200, '{"7":0.9}'])
      assert.deepEqual(server.dataPlane.payloads, [
        {
          kind: 'parts',
          parts: [{ name: 'body', contentType: 'application/json', bytes: Buffer.from(body) }],
        },
      ])
    })
  }

  const TENSORS = [
    { it: 'names a signature', body: { signature_name: 'serving_default', instances: [[1, 2]] } },
    { it: 'has columns', body: { inputs: [[1, 2]] } },
  ]
  for (const { it: what, body } of TENSORS) {
    it(`is not the handler's when it ${what}: it means the graph`, async () => {
      await server.post(PREDICT, body)
      assert.equal(server.dataPlane.payloads[0]?.kind, 'tensors')
    })
  }

  it('is the handler’s when there is no graph', async () => {
    server.dataPlane.currentMetadata = tensorModel({ handlesTensors: false, inputs: [], outputs: [] })
    await server.post(PREDICT, { inputs: 'a text' })
    assert.equal(server.dataPlane.payloads[0]?.kind, 'parts')
  })

  it('asks for an explanation behind :explain', async () => {
    await server.post('/v1/models/digits:explain', ROWS)
    const [head] = server.dataPlane.heads
    assert.deepEqual([head?.operation, head?.headers['explain']], ['explain', 'True'])
    assert.equal(server.dataPlane.payloads[0]?.kind, 'parts')
  })
})
