import assert from 'node:assert/strict'
import { DIGITS } from '../../../support/fake-planes.ts'
import { request, TorchServeFixture } from '../../../support/torchserve-fixture.ts'

const LOADING = { model: DIGITS, ready: false, reason: 'it is loading' }
const NOT_READY = {
  live: true,
  ready: false,
  reason: 'digits/1.0: it is loading',
  versions: [LOADING],
  overdue: [],
  shuttingDown: false,
} as const

describe('health', () => {
  let server: TorchServeFixture
  beforeEach(async () => {
    server = await TorchServeFixture.open()
  })
  afterEach(() => server.close())

  async function get(path: string) {
    const { status, text } = await server.infer(path, { method: 'GET' })
    return { status, body: JSON.parse(text) as unknown }
  }

  const READY = [
    { path: '/ping', body: { status: 'Healthy' } },
    { path: '/live', body: { live: true } },
    { path: '/ready', body: { ready: true, versions: [{ model: 'digits', version: '1.0', ready: true }] } },
    { path: '/ready/digits', body: { model: 'digits', version: '1.0', ready: true } },
    { path: '/ready/digits/1.0', body: { model: 'digits', version: '1.0', ready: true } },
  ]
  for (const { path, body } of READY) {
    it(`is 200 on ${path} when all is well`, async () =>
      assert.deepEqual(await get(path), { status: 200, body }))
  }

  const UNREADY = [
    { path: '/ping', status: 500, body: { status: 'Unhealthy', reason: NOT_READY.reason } },
    { path: '/live', status: 200, body: { live: true } },
    {
      path: '/ready',
      status: 503,
      body: {
        ready: false,
        reason: NOT_READY.reason,
        versions: [{ model: 'digits', version: '1.0', ready: false, reason: 'it is loading' }],
      },
    },
    {
      path: '/ready/digits',
      status: 503,
      body: { model: 'digits', version: '1.0', ready: false, reason: 'it is loading' },
    },
  ]
  for (const { path, status, body } of UNREADY) {
    it(`is ${status} on ${path} while a model loads, with the reason`, async () => {
      server.dataPlane.currentHealth = NOT_READY
      assert.deepEqual(await get(path), { status, body })
    })
  }

  it('is of the version that was asked for, with its own reason', async () => {
    const failed = { model: { ...DIGITS, version: '2.0' }, ready: false, reason: 'it is failed (no memory)' }
    server.dataPlane.currentHealth = { ...NOT_READY, versions: [LOADING, failed] }
    const expected = { model: 'digits', version: '2.0', ready: false, reason: 'it is failed (no memory)' }
    assert.deepEqual(await get('/ready/digits/2.0'), { status: 503, body: expected })
  })

  it('of an unknown model or version is 404', async () => {
    for (const path of ['/ready/nothing', '/ready/digits/9.9']) assert.equal((await get(path)).status, 404)
  })

  it('is served on the management address too', async () => {
    assert.equal((await server.manage('GET', '/ping')).status, 200)
  })

  it('answers HEAD', async () => {
    assert.equal((await server.infer('/ping', { method: 'HEAD' })).status, 200)
  })
})

describe('metrics', () => {
  let server: TorchServeFixture
  beforeEach(async () => {
    server = await TorchServeFixture.open()
  })
  afterEach(() => server.close())

  it('are served on their own address', async () => {
    const reply = await request(`${server.metricsUrl}/metrics`, {})
    assert.deepEqual(
      [reply.status, reply.text, reply.headers.get('content-type')],
      [200, 'up 1\n', 'text/plain; version=0.0.4'],
    )
  })

  it('are not served with predictions', async () => {
    assert.equal((await server.infer('/metrics', { method: 'GET' })).status, 404)
  })

  it('share their address with nothing', async () => {
    assert.equal((await request(`${server.metricsUrl}/models`, {})).status, 404)
  })
})
