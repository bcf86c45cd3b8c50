import assert from 'node:assert/strict'
import { ServingError } from '../../../../worker/contract/errors.ts'
import { bytesResponse } from '../../../support/fake-planes.ts'
import { gate } from '../../../support/gate.ts'
import { RawConnection } from '../../../support/raw-http.ts'
import { TorchServeFixture } from '../../../support/torchserve-fixture.ts'

describe('predictions', () => {
  let server: TorchServeFixture
  beforeEach(async () => {
    server = await TorchServeFixture.open()
  })
  afterEach(() => server.close())

  it('carry the status and headers that the handler chose', async () => {
    server.dataPlane.outcome = bytesResponse('teapot', {
      status: 418,
      headers: { 'X-Kind': 'pot', 'Content-Type': 'text/x' },
    })
    const reply = await server.infer('/predictions/digits')
    assert.deepEqual(
      [reply.status, reply.headers.get('x-kind'), reply.headers.get('content-type')],
      [418, 'pot', 'text/x'],
    )
  })

  it('do not let a handler set what belongs to the connection', async () => {
    const headers = {
      'Content-Length': '1',
      'Transfer-Encoding': 'chunked',
      Connection: 'upgrade',
      'X-Request-Id': 'forged',
    }
    server.dataPlane.outcome = bytesResponse('four', { headers })
    const reply = await server.infer('/predictions/digits', { headers: { 'x-request-id': 'mine' } })
    assert.deepEqual(
      [reply.text, reply.headers.get('content-length'), reply.headers.get('x-request-id')],
      ['four', '4', 'mine'],
    )
  })

  it('call bytes without a type what they are', async () => {
    server.dataPlane.outcome = bytesResponse('', { payload: { kind: 'bytes', bytes: Buffer.from([1]) } })
    const reply = await server.infer('/predictions/digits')
    assert.equal(reply.headers.get('content-type'), 'application/octet-stream')
  })

  it('render tensors as nested rows', async () => {
    const y = { name: 'y', dtype: 'FP32', shape: [2, 1], data: Float32Array.of(0.5, 1) } as const
    const n = { name: 'a"b', dtype: 'INT64', shape: [1], data: BigInt64Array.of(9007199254740993n) } as const
    server.dataPlane.outcome = bytesResponse('', { payload: { kind: 'tensors', tensors: [y, n] } })
    const reply = await server.infer('/predictions/digits')
    assert.equal(reply.text, '{"y":[[0.5],[1]],"a\\"b":["9007199254740993"]}')
    assert.equal(reply.headers.get('content-type'), 'application/json')
  })

  it('are refused before the body is read', async () => {
    server.dataPlane.admission = new ServingError('resource_exhausted', 'full', {
      reason: 'queue_full',
      retryAfterMs: 1200,
    })
    const connection = await RawConnection.open(server.inferenceUrl)
    connection.write('POST /predictions/digits HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n')
    assert.match(
      await connection.until(/"message": "full"/),
      /^HTTP\/1\.1 503 .*x-reject-reason: queue_full\r\nretry-after: 2\r\n/is,
    )
    connection.destroy()
    assert.equal(server.dataPlane.payloads.length, 0)
  })

  it('over the limit get 413 and give their place back', async () => {
    const reply = await server.infer('/predictions/digits', { body: Buffer.alloc(100_001) })
    assert.equal(reply.status, 413)
    assert.deepEqual(JSON.parse(reply.text), {
      code: 413,
      type: 'RequestEntityTooLargeException',
      message: 'the request body has 100001 bytes, at most 100000 are accepted',
    })
    assert.equal(server.dataPlane.cancelled, 1)
  })

  it('give their place back when the form is broken', async () => {
    const headers = { 'content-type': 'multipart/form-data; boundary=x' }
    assert.equal((await server.infer('/predictions/digits', { body: '--x', headers })).status, 400)
    assert.equal(server.dataPlane.cancelled, 1)
  })

  it('are aborted when the caller leaves while they wait', async () => {
    const aborted = gate()
    const waiting = gate()
    server.dataPlane.onRun = async (_, { signal }) => {
      signal.addEventListener('abort', () => aborted.open())
      waiting.open()
      await aborted.promise
      throw new ServingError('cancelled', 'gone')
    }
    const connection = await RawConnection.open(server.inferenceUrl)
    connection.write('POST /predictions/digits HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n')
    await waiting.promise
    connection.destroy()
    await aborted.promise
  })

  it('leave their model in the access log', async () => {
    await server.infer('/predictions/digits/2.0', { body: 'abc' })
    await server.close()
    assert.deepEqual(
      server.http.accesses.map(({ model, requestBytes, responseBytes }) => [
        model,
        requestBytes,
        responseBytes,
      ]),
      [['digits/2.0', 3, 9]],
    )
  })

  const OTHERS = [
    {
      method: 'GET',
      path: '/predictions/digits',
      status: 405,
      allow: 'POST, PUT, OPTIONS',
      type: 'MethodNotAllowedException',
    },
    {
      method: 'DELETE',
      path: '/predictions/digits/1.0',
      status: 405,
      allow: 'POST, PUT, OPTIONS',
      type: 'MethodNotAllowedException',
    },
    { method: 'POST', path: '/ping', status: 405, allow: 'HEAD, GET', type: 'MethodNotAllowedException' },
    { method: 'POST', path: '/predictions', status: 404, allow: null, type: 'ResourceNotFoundException' },
    {
      method: 'POST',
      path: '/',
      status: 405,
      allow: 'HEAD, GET, OPTIONS',
      type: 'MethodNotAllowedException',
    },
  ]
  for (const c of OTHERS) {
    it(`answer ${c.status} to ${c.method} ${c.path}`, async () => {
      const reply = await server.infer(c.path, { method: c.method })
      const body = JSON.parse(reply.text) as { code: number; type: string; message: string } // an error body
      assert.deepEqual(
        [reply.status, body.code, body.type, reply.headers.get('allow')],
        [c.status, c.status, c.type, c.allow],
      )
    })
  }

  it('name the routes to a caller who missed them', async () => {
    const { text } = await server.infer('/predict/digits')
    assert.match(
      text,
      /there is no POST \/predict\/digits here; .*POST \/predictions\/\{model\}\[\/\{version\}\], .*GET \/ping/,
    )
  })

  it('tell OPTIONS which methods a path knows', async () => {
    const reply = await server.infer('/predictions/digits', { method: 'OPTIONS' })
    assert.deepEqual([reply.status, reply.headers.get('allow')], [200, 'POST, PUT, OPTIONS'])
  })
})
