import { status } from '@grpc/grpc-js'
import assert from 'node:assert/strict'
import { DIGITS } from '../../support/fake-planes.ts'
import { HEALTH, INFERENCE, MANAGEMENT, type GrpcClient } from '../../support/grpc-client.ts'
import { GrpcFixture } from '../../support/grpc-fixture.ts'

const LOADING = {
  live: true,
  ready: false,
  versions: [{ model: DIGITS, ready: false, reason: 'it is loading' }],
  overdue: [],
  shuttingDown: false,
} as const

describe('the health service of gRPC', () => {
  let server: GrpcFixture
  let client: GrpcClient
  beforeEach(async () => {
    server = await GrpcFixture.open()
    client = server.client(HEALTH)
  })
  afterEach(() => server.close())

  const SERVICES = ['', INFERENCE, 'model/digits', 'model/digits/1.0']
  for (const service of SERVICES) {
    it(`says whether '${service}' is serving`, async () => {
      assert.deepEqual((await client.unary('Check', { service })).message, { status: 'SERVING' })
      server.dataPlane.currentHealth = LOADING
      assert.deepEqual((await client.unary('Check', { service })).message, { status: 'NOT_SERVING' })
    })
  }

  for (const service of ['nothing', 'model/nothing', 'model/digits/9', MANAGEMENT, 'model/']) {
    it(`has no '${service}'`, async () => {
      const { code, details } = await client.failure('Check', { service })
      assert.equal(code, status.NOT_FOUND)
      assert.match(details, /there is no service .*; health is known of .*model\/digits\/1\.0/)
    })
  }

  it('lists what it knows', async () => {
    const { message } = await client.unary('List', {})
    assert.deepEqual(Object.keys(message['statuses'] as object), ['', INFERENCE, 'model/digits/1.0'])
  })

  it('tells watchers of a change, and only of a change', async () => {
    const watch = client.stream('Watch', { service: 'model/digits' })
    assert.deepEqual(await watch.next(), { status: 'SERVING' })
    server.listeners[0]?.announceHealth()
    server.dataPlane.currentHealth = LOADING
    server.listeners[0]?.announceHealth()
    assert.deepEqual(await watch.next(), { status: 'NOT_SERVING' })
    watch.cancel()
    assert.deepEqual((await watch.ended).messages.length, 2)
  })

  it('notices a change that nobody announced', async () => {
    const watch = client.stream('Watch', { service: '' })
    assert.deepEqual(await watch.next(), { status: 'SERVING' })
    server.dataPlane.currentHealth = LOADING
    assert.deepEqual(await watch.next(), { status: 'NOT_SERVING' })
    watch.cancel()
  })

  it('keeps watching a service that does not exist yet', async () => {
    const watch = client.stream('Watch', { service: 'model/iris' })
    assert.deepEqual(await watch.next(), { status: 'SERVICE_UNKNOWN' })
    const model = { name: 'iris', version: '1.0' }
    server.dataPlane.currentHealth = { ...LOADING, versions: [{ model, ready: true }] }
    server.listeners[0]?.announceHealth()
    assert.deepEqual(await watch.next(), { status: 'SERVING' })
    watch.cancel()
  })

  it('tells watchers that the server stops, and ends them', async () => {
    const watch = client.stream('Watch', { service: '' })
    await watch.next()
    server.dataPlane.currentHealth = { ...LOADING, shuttingDown: true }
    const closed = server.listeners[0]?.close(5000)
    const { messages, code } = await watch.ended
    assert.deepEqual([messages.at(-1), code], [{ status: 'NOT_SERVING' }, status.OK])
    await closed
  })
})
