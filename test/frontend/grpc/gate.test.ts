import { status } from '@grpc/grpc-js'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import type { Authorize, Caller } from '../../../frontend/grpc/gate.ts'
import { ServingError } from '../../../worker/contract/errors.ts'
import { HEALTH, INFERENCE } from '../../support/grpc-client.ts'
import { GrpcFixture } from '../../support/grpc-fixture.ts'

const REQUEST = { model_name: 'digits', input: { data: Buffer.from('7') } }
const GOOD = { authorization: 'Bearer good' }
const ONLY_DIGITS = { authorization: 'Bearer digits' }

describe('the gate of gRPC', () => {
  let server: GrpcFixture
  let asked: (Caller & { model?: string | undefined })[]

  /** Knows a token for everything, and one for the model `digits` only. */
  const authorize: Authorize = (caller, { model }) => {
    asked.push({ ...caller, model })
    if (caller.authorization === GOOD.authorization) return {}
    if (caller.authorization !== ONLY_DIGITS.authorization) {
      throw new ServingError('unauthenticated', 'a token is needed')
    }
    if (model !== undefined && model !== 'digits') {
      throw new ServingError('permission_denied', `this token is not for the model '${model}'`)
    }
    return { models: new Set(['digits']) }
  }

  beforeEach(async () => {
    asked = []
    server = await GrpcFixture.open({ options: { authorize } })
  })
  afterEach(() => server.close())

  const METHODS = [
    { service: 'inference', method: 'Predictions', request: REQUEST },
    { service: 'management', method: 'DescribeModel', request: { model_name: 'digits' } },
    { service: 'management', method: 'ListModels', request: {} },
    { service: 'management', method: 'RegisterModel', request: { url: 'd.mar' } },
    { service: 'management', method: 'ScaleWorker', request: { model_name: 'digits' } },
    { service: 'management', method: 'SetDefault', request: { model_name: 'digits', model_version: '1.0' } },
    { service: 'management', method: 'UnregisterModel', request: { model_name: 'digits' } },
  ] as const
  for (const { service, method, request } of METHODS) {
    it(`asks for a token on ${method}`, async () => {
      const refused = await server[service].failure(method, request)
      assert.deepEqual([refused.code, refused.details], [status.UNAUTHENTICATED, 'a token is needed'])
      await server[service].unary(method, request, { metadata: GOOD })
    })
  }

  it('asks for a token on streams', async () => {
    const oneWay = await server.inference.stream('StreamPredictions', REQUEST).ended
    const bothWays = await server.inference.bidi('StreamPredictions2').ended
    assert.deepEqual([oneWay.code, bothWays.code], [status.UNAUTHENTICATED, status.UNAUTHENTICATED])
    assert.deepEqual(server.dataPlane.heads, [])
  })

  it('asks for no token on Ping, nor on the health service', async () => {
    await server.inference.unary('Ping', {})
    for (const method of ['Check', 'List']) await server.client(HEALTH).unary(method, {})
    assert.deepEqual(asked, [])
  })

  it('refuses before the message has been sent', async () => {
    const session = connectHttp2(`http://${server.targets[0] ?? ''}`)
    const stream = session.request({
      ':path': `/${INFERENCE}/Predictions`,
      ':method': 'POST',
      'content-type': 'application/grpc',
    })
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
    assert.equal(headers['grpc-status'], String(status.UNAUTHENTICATED))
    session.destroy()
  })

  it('knows the address of the caller', async () => {
    await server.inference.unary('Predictions', REQUEST, { metadata: GOOD })
    assert.deepEqual(
      asked.map(({ remoteAddress }) => remoteAddress),
      ['127.0.0.1'],
    )
  })

  it('asks once for a token that is for every model', async () => {
    await server.inference.unary('Predictions', REQUEST, { metadata: GOOD })
    assert.equal(asked.length, 1)
  })

  it('asks again with the model for a token that is for certain models', async () => {
    await server.inference.unary('Predictions', REQUEST, { metadata: ONLY_DIGITS })
    const other = { ...REQUEST, model_name: 'iris' }
    const refused = await server.inference.failure('Predictions', other, { metadata: ONLY_DIGITS })
    assert.equal(refused.code, status.PERMISSION_DENIED)
    assert.equal(server.dataPlane.heads.length, 1)
  })

  it('asks again for each message of a stream', async () => {
    const stream = server.inference.bidi('StreamPredictions2', { metadata: ONLY_DIGITS })
    stream.write(REQUEST)
    await stream.next()
    stream.write({ ...REQUEST, model_name: 'iris' })
    assert.equal((await stream.ended).code, status.PERMISSION_DENIED)
    assert.equal(server.dataPlane.heads.length, 1)
  })

  it('records what it refused', async () => {
    await server.inference.failure('Predictions', REQUEST, { metadata: { 'x-request-id': 'r1' } })
    assert.deepEqual(
      server.calls.map(({ status: name, requestId }) => [name, requestId]),
      [['unauthenticated', 'r1']],
    )
  })
})
