import assert from 'node:assert/strict'
import { partsOf } from '../../../support/parts.ts'
import { TorchServeFixture } from '../../../support/torchserve-fixture.ts'

const DIGITS = { name: 'digits' }
const DIGITS_2 = { name: 'digits', version: '2.0' }

describe('the inference routes', () => {
  let server: TorchServeFixture
  beforeEach(async () => {
    server = await TorchServeFixture.open()
  })
  afterEach(() => server.close())

  type Case = {
    readonly call: string
    readonly model: object
    readonly operation?: string
    readonly urlPath?: string
  }
  const ROUTES: readonly Case[] = [
    { call: 'POST /predictions/digits', model: DIGITS },
    { call: 'PUT /predictions/digits/2.0', model: DIGITS_2 },
    { call: 'POST /predictions/digits/2.0/', model: DIGITS_2 },
    { call: 'POST /predictions/digits/2.0/v1/completions', model: DIGITS_2, urlPath: 'v1/completions' },
    {
      call: 'POST /predictions/digits/2.0/v1/chat/completions/?a=b',
      model: DIGITS_2,
      urlPath: 'v1/chat/completions',
    },
    { call: 'GET /predictions/digits/2.0/v1/models', model: DIGITS_2, urlPath: 'v1/models' },
    { call: 'POST /predictions/digits/2.0/a%2Fb%20c', model: DIGITS_2, urlPath: 'a/b c' },
    { call: 'POST /predictions/digits/predict', model: { name: 'digits', version: 'predict' } },
    { call: 'POST /explanations/digits', model: DIGITS, operation: 'explain' },
    { call: 'POST /explanations/digits/2.0', model: DIGITS_2, operation: 'explain' },
    { call: 'POST /invocations?model_name=digits', model: DIGITS },
    { call: 'POST /models/digits/invoke', model: DIGITS },
    { call: 'POST /digits/predict', model: DIGITS },
    { call: 'GET /digits/predict', model: DIGITS },
    { call: 'GET /digits/2.0/predict', model: DIGITS_2 },
    { call: 'POST /digits/2.0/predict', model: DIGITS_2 },
  ]
  for (const { call, ...expected } of ROUTES) {
    it(`ask with ${call} for ${JSON.stringify(expected)}`, async () => {
      const [method = '', path = ''] = call.split(' ')
      assert.equal((await server.infer(path, { method })).status, 200)
      const [head] = server.dataPlane.heads
      assert.deepEqual(
        { model: head?.model, operation: head?.operation, urlPath: head?.headers['url_path'] },
        { operation: undefined, urlPath: undefined, ...expected },
      )
    })
  }

  const REFUSED = [
    { call: 'GET /predictions/digits', status: 405, allow: 'POST, PUT, OPTIONS' },
    { call: 'DELETE /predictions/digits/2.0/v1/models', status: 405, allow: 'HEAD, GET, POST, PUT' },
    { call: 'GET /explanations/digits', status: 405, allow: 'POST' },
    { call: 'GET /invocations', status: 405, allow: 'POST' },
    { call: 'PUT /digits/predict', status: 405, allow: 'HEAD, GET, POST' },
    { call: 'POST /v2/models/digits/infer', status: 404, allow: null },
    { call: 'POST /explanations/digits/2.0/more', status: 404, allow: null },
  ]
  for (const { call, status, allow } of REFUSED) {
    it(`answer ${status} to ${call}`, async () => {
      const [method = '', path = ''] = call.split(' ')
      const reply = await server.infer(path, { method })
      assert.deepEqual([reply.status, reply.headers.get('allow')], [status, allow])
      assert.deepEqual(server.dataPlane.heads, [])
    })
  }

  it('mark an explanation for the handler as TorchServe does', async () => {
    await server.infer('/explanations/digits')
    assert.equal(server.dataPlane.heads[0]?.headers['explain'], 'True')
  })

  it('do not let a client forge what the path says', async () => {
    await server.infer('/predictions/digits', { headers: { url_path: 'x', explain: 'True', mine: 'y' } })
    const headers = server.dataPlane.heads[0]?.headers
    assert.deepEqual(
      [headers?.['url_path'], headers?.['explain'], headers?.['mine']],
      [undefined, undefined, 'y'],
    )
  })

  const INPUTS = [
    {
      call: 'GET /digits/predict?x=1&y=%5B2%5D',
      body: undefined,
      parts: [
        ['x', '1'],
        ['y', '[2]'],
      ],
    },
    {
      call: 'POST /digits/2.0/predict?x=1',
      body: 'raw',
      parts: [
        ['x', '1'],
        ['body', 'raw'],
      ],
    },
    {
      call: 'POST /models/digits/invoke?x=1',
      body: new URLSearchParams({ x: '2', z: '3' }),
      parts: [
        ['x', '2'],
        ['z', '3'],
      ],
    },
    {
      call: 'POST /invocations?model_name=digits&x=1',
      body: new URLSearchParams({ z: '3' }),
      parts: [
        ['x', '1'],
        ['z', '3'],
      ],
    },
    {
      call: 'POST /invocations?x=1',
      body: new URLSearchParams({ model_name: 'digits', z: '3' }),
      parts: [
        ['x', '1'],
        ['z', '3'],
      ],
    },
    { call: 'POST /predictions/digits?x=1', body: 'raw', parts: [['body', 'raw']] },
  ]
  for (const { call, body, parts } of INPUTS) {
    it(`give the handler of ${call} ${JSON.stringify(parts)}`, async () => {
      const [method = '', path = ''] = call.split(' ')
      await server.infer(path, { method, ...(body === undefined ? {} : { body }) })
      const given = partsOf(server.dataPlane.payloads[0]).map(({ name, text }) => [name, text])
      assert.deepEqual(given, parts)
    })
  }
})

describe('an invocation', () => {
  let server: TorchServeFixture
  beforeEach(async () => {
    server = await TorchServeFixture.open()
  })
  afterEach(() => server.close())

  const A = { name: 'a', loadedAtStartup: true }
  const B = { name: 'b', loadedAtStartup: true }
  const LATER = { name: 'later', loadedAtStartup: false }
  const form = new URLSearchParams({ model_name: 'of-the-form' })
  const CASES = [
    { it: 'takes the model of its query', path: '?model_name=q', body: form, models: [A, B], model: 'q' },
    { it: 'takes the model of its form', path: '', body: form, models: [A, B], model: 'of-the-form' },
    { it: 'takes the only start-up model', path: '', body: '1', models: [A, LATER], model: 'a' },
    {
      it: 'takes the only start-up model for a form without a name',
      path: '',
      body: new URLSearchParams({ x: '1' }),
      models: [A],
      model: 'a',
    },
    {
      it: 'takes the only model when none came at the start',
      path: '',
      body: '1',
      models: [LATER],
      model: 'later',
    },
    { it: 'does not take an empty name', path: '?model_name=', body: '1', models: [A], model: 'a' },
  ]
  for (const c of CASES) {
    it(c.it, async () => {
      server.dataPlane.currentModels = c.models
      assert.equal((await server.infer(`/invocations${c.path}`, { body: c.body })).status, 200)
      assert.deepEqual(server.dataPlane.heads[0]?.model, { name: c.model })
    })
  }

  const UNCLEAR = [
    { models: [A, B], found: /there are a, b/ },
    { models: [], found: /none is registered/ },
  ]
  for (const { models, found } of UNCLEAR) {
    it(`is refused when no model is meant: ${found.source}`, async () => {
      server.dataPlane.currentModels = models
      const reply = await server.infer('/invocations', { body: '1' })
      assert.equal(reply.status, 400)
      assert.match(reply.text, /the parameter 'model_name', in the query or as a form field/)
      assert.match(reply.text, found)
    })
  }
})

describe('the routes of KServe, with compatibility=torchserve', () => {
  let server: TorchServeFixture
  beforeEach(async () => {
    server = await TorchServeFixture.open('torchserve')
  })
  afterEach(() => server.close())

  const ROUTES = [
    { path: '/v1/models/digits:predict', model: DIGITS, operation: undefined },
    { path: '/v1/models/digits:explain', model: DIGITS, operation: 'explain' },
    { path: '/v1/models/my%3Adigits:predict', model: { name: 'my:digits' }, operation: undefined },
  ]
  for (const { path, model, operation } of ROUTES) {
    it(`ask with ${path} for ${JSON.stringify(model)}`, async () => {
      assert.equal((await server.infer(path)).status, 200)
      const [head] = server.dataPlane.heads
      assert.deepEqual([head?.model, head?.operation], [model, operation])
    })
  }

  it('are no others', async () => {
    assert.equal((await server.infer('/v1/models/digits')).status, 404)
  })
})
