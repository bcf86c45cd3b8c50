import assert from 'node:assert/strict'
import { DIGITS } from '../../../support/fake-planes.ts'
import { TorchServeFixture } from '../../../support/torchserve-fixture.ts'

describe('management', () => {
  let server: TorchServeFixture
  beforeEach(async () => {
    server = await TorchServeFixture.open()
  })
  afterEach(() => server.close())

  const registration = (extra: object, settings: object = {}) => [
    'register',
    { archive: 'd.mar', settings, synchronous: true, ...extra },
  ]
  const scaling = (extra: object) => [
    'scale',
    { model: { name: 'digits' }, minWorkers: 1, maxWorkers: 1, synchronous: false, ...extra },
  ]

  const CALLS = [
    { method: 'POST', path: '/models?url=d.mar', call: registration({}) },
    {
      method: 'POST',
      path: '/models?url=d.mar&model_name=n&handler=h&runtime=node',
      call: registration({ name: 'n', handler: 'h' }),
    },
    {
      method: 'POST',
      path: '/models?url=d.mar&initial_workers=0&synchronous=False',
      call: registration({ initialWorkers: 0, synchronous: false }),
    },
    {
      method: 'POST',
      path: '/models?url=d.mar&batch_size=8&max_batch_delay=20',
      call: registration({}, { maxBatchRows: 8, maxBatchDelayMs: 20 }),
    },
    {
      method: 'POST',
      path: '/models?url=d.mar&response_timeout=2&startup_timeout=3',
      call: registration({}, { inferenceTimeoutMs: 2000, startupTimeoutMs: 3000 }),
    },
    {
      method: 'POST',
      path: `/models?url=d.mar&sha256=${'AB'.repeat(32)}&s3_sse_kms=false&runtime=python3`,
      call: registration({ sha256: 'ab'.repeat(32) }),
    },
    {
      method: 'POST',
      path: '/models?url=https://models.example/d.mar',
      call: registration({ archive: 'https://models.example/d.mar' }),
    },
    { method: 'PUT', path: '/models/digits', call: scaling({}) },
    {
      method: 'PUT',
      path: '/models/digits?min_worker=2&synchronous=true',
      call: scaling({ minWorkers: 2, maxWorkers: 2, synchronous: true }),
    },
    {
      method: 'PUT',
      path: '/models/digits/2.0?min_worker=0&max_worker=4',
      call: scaling({ model: { name: 'digits', version: '2.0' }, minWorkers: 0, maxWorkers: 4 }),
    },
    { method: 'PUT', path: '/models/digits?number_gpu=1&timeout=-1', call: scaling({}) },
    {
      method: 'PUT',
      path: '/models/digits/2.0/set-default',
      call: ['setDefault', { name: 'digits', version: '2.0' }],
    },
    { method: 'GET', path: '/models/digits', call: ['describe', { name: 'digits' }] },
    { method: 'GET', path: '/models/digits/', call: ['describe', { name: 'digits' }] },
    { method: 'GET', path: '/models/digits/2.0', call: ['describe', { name: 'digits', version: '2.0' }] },
    { method: 'GET', path: '/models/digits/all', call: ['describe', { name: 'digits', version: 'all' }] },
    { method: 'DELETE', path: '/models/digits', call: ['unregister', { name: 'digits' }] },
    {
      method: 'DELETE',
      path: '/models/digits/2.0?synchronous=true',
      call: ['unregister', { name: 'digits', version: '2.0' }],
    },
  ]
  for (const { method, path, call } of CALLS) {
    it(`understands ${method} ${path}`, async () => {
      const { status } = await server.manage(method, path)
      assert.equal(status, 200)
      assert.deepEqual(server.controlPlane.calls, [call])
    })
  }

  it('takes the parameters of a registration as JSON, numbers as numbers or texts', async () => {
    const body = JSON.stringify({ url: 'd.mar', batch_size: 8, max_batch_delay: '20', synchronous: false })
    await server.manage('POST', '/models', { body, headers: { 'content-type': 'application/json' } })
    assert.deepEqual(server.controlPlane.calls, [
      registration({ synchronous: false }, { maxBatchRows: 8, maxBatchDelayMs: 20 }),
    ])
  })

  it('takes texts of any content as JSON', async () => {
    const body = '{"url":"a\\": \\"url\\" :","model_name":"n"}'
    await server.manage('POST', '/models', { body })
    assert.deepEqual(server.controlPlane.calls, [registration({ archive: 'a": "url" :', name: 'n' })])
  })

  const OUTCOMES = [
    {
      method: 'POST',
      path: '/models?url=d.mar',
      state: 'ready',
      status: 200,
      text: 'Model "digits" version 1.0 registered with 2 initial workers',
    },
    {
      method: 'POST',
      path: '/models?url=d.mar',
      state: 'no_workers',
      status: 200,
      text: 'Model "digits" version 1.0 registered with 0 initial workers. Use the scale API to add workers.',
    },
    {
      method: 'POST',
      path: '/models?url=d.mar',
      state: 'partial',
      status: 206,
      text: 'Model "digits" version 1.0 registered; 2 workers are up, the others are being restarted',
    },
    {
      method: 'PUT',
      path: '/models/digits',
      state: 'partial',
      status: 206,
      text: '2 workers are up for model: digits, the others are being restarted',
    },
    {
      method: 'POST',
      path: '/models?url=d.mar',
      state: 'loading',
      status: 202,
      text: 'Model "digits" version 1.0 is registered, 2 workers are starting',
    },
    {
      method: 'PUT',
      path: '/models/digits',
      state: 'ready',
      status: 200,
      text: 'Workers scaled to 2 for model: digits',
    },
    {
      method: 'PUT',
      path: '/models/digits/1.0',
      state: 'ready',
      status: 200,
      text: 'Workers scaled to 2 for model: digits, version: 1.0',
    },
    {
      method: 'PUT',
      path: '/models/digits',
      state: 'loading',
      status: 202,
      text: 'Processing worker updates: 2 workers for model: digits',
    },
  ] as const
  for (const { method, path, state, status, text } of OUTCOMES) {
    it(`answers ${status} to ${method} ${path} that ends ${state}`, async () => {
      server.controlPlane.outcome = { model: DIGITS, state, workers: 2 }
      const reply = await server.manage(method, path)
      assert.deepEqual([reply.status, JSON.parse(reply.text)], [status, { status: text }])
    })
  }

  it('says that the same archive was registered before', async () => {
    server.controlPlane.outcome = { model: DIGITS, state: 'ready', workers: 2, existing: true }
    const { status, text } = await server.manage('POST', '/models?url=d.mar')
    assert.equal(status, 200)
    assert.match(
      text,
      /"digits\\" version 1\.0 was registered before from the same archive, unchanged, with 2/,
    )
  })

  it('says which version was unregistered', async () => {
    const { text } = await server.manage('DELETE', '/models/digits')
    assert.deepEqual(JSON.parse(text), { status: 'Model "digits" unregistered, version 1.0' })
  })

  it('says which version is the default now', async () => {
    const { text } = await server.manage('PUT', '/models/digits/2.0/set-default')
    assert.deepEqual(JSON.parse(text), { status: 'Default version of model "digits" is now "2.0"' })
  })

  const REFUSED = [
    { method: 'POST', path: '/models', message: /'url' is required: the file name of an archive/ },
    { method: 'POST', path: '/models?url=', message: /'url' is ''; expected a text/ },
    {
      method: 'POST',
      path: '/models?url=https://h/d.mar&s3_sse_kms=true',
      message: /'s3_sse_kms' cannot be true: requests to S3 are not signed here; give a presigned https URL/,
    },
    {
      method: 'POST',
      path: '/models?url=d.mar&sha256=ab',
      message: /'sha256' is 'ab'; expected the SHA-256/,
    },
    { method: 'POST', path: '/models?url=d.mar&url=e.mar', message: /'url' is given more than once/ },
    {
      method: 'POST',
      path: '/models?url=d.mar&batchsize=8',
      message: /'batchsize' is not a parameter here; did you mean 'batch_size'\?/,
    },
    {
      method: 'POST',
      path: '/models?url=d.mar&batch_size=eight',
      message: /'batch_size' is 'eight'; expected an integer from 1 to 65536/,
    },
    { method: 'POST', path: '/models?url=d.mar&batch_size=0', message: /'batch_size' is '0'; expected/ },
    {
      method: 'POST',
      path: '/models?url=d.mar&initial_workers=-1',
      message: /'initial_workers' is '-1'; expected an integer from 0 to 1024/,
    },
    {
      method: 'POST',
      path: '/models?url=d.mar&response_timeout=0',
      message: /expected an integer from 1 to 86400 seconds/,
    },
    {
      method: 'POST',
      path: '/models?url=d.mar&synchronous=maybe',
      message: /'synchronous' is 'maybe'; expected true or false/,
    },
    {
      method: 'POST',
      path: '/models?url=d.mar&runtime=java',
      message: /'runtime' is 'java'; expected one of node, python, /,
    },
    { method: 'POST', path: '/models?url=d.mar&__proto__=1', message: /'__proto__' is not a parameter here/ },
    { method: 'POST', path: '/models', body: '{"url":', message: /request body is not valid JSON/ },
    { method: 'POST', path: '/models', body: '["d.mar"]', message: /must be a JSON object of parameters/ },
    {
      method: 'POST',
      path: '/models',
      body: '{"url":{"a":1}}',
      message: /'url' is 'an object'; expected a text, a number, true or false/,
    },
    {
      method: 'POST',
      path: '/models',
      body: `{"url":${'['.repeat(10_000)}${']'.repeat(10_000)}}`,
      message: /'url' is 'an array'/,
    },
    { method: 'POST', path: '/models', body: '{"url":null}', message: /'url' is 'null'/ },
    {
      method: 'POST',
      path: '/models',
      body: '{"url":"d.mar","__proto__":"x"}',
      message: /'__proto__' is not a parameter/,
    },
    {
      method: 'POST',
      path: '/models',
      body: '{"url":"a\\": d.mar", "u\\u0072l" : "e.mar"}',
      message: /'url' is given more than once/,
    },
    {
      method: 'POST',
      path: '/models?url=d.mar',
      body: '{"url":"d.mar"}',
      message: /'url' is given more than once/,
    },
    {
      method: 'PUT',
      path: '/models/digits?min_worker=2&max_worker=1',
      message: /'max_worker' is '1'; expected at least min_worker, which is 2/,
    },
    { method: 'PUT', path: '/models/digits?min_worker=1.5', message: /'min_worker' is '1\.5'/ },
    { method: 'GET', path: '/models?limit=0', message: /'limit' is '0'; expected an integer from 1 to 100/ },
    { method: 'GET', path: '/models?limit=101', message: /'limit' is '101'/ },
    { method: 'GET', path: '/models?next_page_token=x', message: /'next_page_token' is 'x'/ },
    {
      method: 'GET',
      path: '/models/digits?verbose=1',
      message: /'verbose' is not a parameter here; known are: customized/,
    },
    { method: 'PUT', path: '/models/digits/1.0/set-default?x=1', message: /'x' is not a parameter here/ },
    {
      method: 'DELETE',
      path: '/models/digits?force=1',
      message: /'force' is not a parameter here; known are: synchronous, timeout/,
    },
  ]
  for (const { method, path, body, message } of REFUSED) {
    it(`refuses ${method} ${path}${body === undefined ? '' : ` with ${body.slice(0, 60)}`}`, async () => {
      const reply = await server.manage(method, path, body === undefined ? {} : { body })
      const error = JSON.parse(reply.text) as { code: number; type: string; message: string } // an error body
      assert.deepEqual([reply.status, error.code, error.type], [400, 400, 'BadRequestException'])
      assert.match(error.message, message)
      assert.deepEqual(server.controlPlane.calls, [])
    })
  }
})
