import assert from 'node:assert/strict'
import { ServingError } from '../../../../worker/contract/errors.ts'
import type { RequestPayload } from '../../../../worker/contract/messages.ts'
import { bytesResponse } from '../../../support/fake-planes.ts'
import { gate } from '../../../support/gate.ts'
import { RawConnection, rawExchange } from '../../../support/raw-http.ts'
import { TorchServeFixture } from '../../../support/torchserve-fixture.ts'

function partsOf(payload: RequestPayload | undefined) {
  assert.equal(payload?.kind, 'parts')
  return payload.parts.map(({ bytes, ...part }) => ({ ...part, text: Buffer.from(bytes).toString() }))
}

describe('predictions', () => {
  let server: TorchServeFixture
  beforeEach(async () => {
    server = await TorchServeFixture.open()
  })
  afterEach(() => server.close())

  const TARGETS = [
    { path: '/predictions/digits', model: { name: 'digits' } },
    { path: '/predictions/digits/', model: { name: 'digits' } },
    { path: '/predictions/digits?x=1', model: { name: 'digits' } },
    { path: '/predictions/digits/2.0', model: { name: 'digits', version: '2.0' } },
    { path: '/predictions/digits/2.0/?x=1', model: { name: 'digits', version: '2.0' } },
    { path: '/predictions/di%67its/2%2E0', model: { name: 'digits', version: '2.0' } },
    { path: '/predictions/a%2Fb', model: { name: 'a/b' } },
    { path: '/predictions/%E0%A4', model: { name: '%E0%A4' } },
  ]
  for (const { path, model } of TARGETS) {
    it(`of ${path} ask for ${JSON.stringify(model)}`, async () => {
      assert.equal((await server.infer(path, { body: '1' })).status, 200)
      assert.deepEqual(server.dataPlane.heads[0]?.model, model)
    })
  }

  it('answer what the handler answered, with the request id', async () => {
    const reply = await server.infer('/predictions/digits', { body: '1', headers: { 'x-request-id': 'r1' } })
    assert.deepEqual([reply.status, reply.text], [200, '{"7":0.9}'])
    assert.equal(reply.headers.get('content-type'), 'application/json')
    assert.equal(reply.headers.get('x-request-id'), 'r1')
    assert.equal(server.dataPlane.heads[0]?.requestId, 'r1')
  })

  it('take PUT as POST, as curl -T sends it', async () => {
    assert.equal((await server.infer('/predictions/digits', { method: 'PUT', body: 'png' })).status, 200)
    assert.deepEqual(partsOf(server.dataPlane.payloads[0]), [
      { name: 'body', contentType: 'text/plain;charset=UTF-8', text: 'png' },
    ])
  })

  const multipart = new FormData()
  multipart.append('x', '[1]')
  multipart.append('data', new Blob(['png'], { type: 'image/png' }), '7.png')
  const BODIES: readonly {
    it: string
    body: NonNullable<RequestInit['body']>
    type?: string
    parts: unknown
  }[] = [
    {
      it: 'JSON as one part',
      body: '{"x":[1]}',
      type: 'application/json',
      parts: [{ name: 'body', contentType: 'application/json', text: '{"x":[1]}' }],
    },
    {
      it: 'bytes without a type as one part',
      body: Buffer.from('raw'),
      parts: [{ name: 'body', text: 'raw' }],
    },
    { it: 'an empty body as one empty part', body: Buffer.alloc(0), parts: [{ name: 'body', text: '' }] },
    {
      it: 'an urlencoded form as its fields',
      body: 'a=1&b=%5B2%5D',
      type: 'application/x-www-form-urlencoded',
      parts: [
        { name: 'a', text: '1' },
        { name: 'b', text: '[2]' },
      ],
    },
    {
      it: 'JSON that curl -d calls a form as JSON',
      body: '{"x":[1]}',
      type: 'application/x-www-form-urlencoded',
      parts: [{ name: 'body', contentType: 'application/json', text: '{"x":[1]}' }],
    },
    {
      it: 'a multipart form as fields and files',
      body: multipart,
      parts: [
        { name: 'x', text: '[1]' },
        { name: 'data', contentType: 'image/png', fileName: '7.png', text: 'png' },
      ],
    },
  ]
  for (const c of BODIES) {
    it(`give the handler ${c.it}`, async () => {
      await server.infer('/predictions/digits', {
        body: c.body,
        ...(c.type === undefined ? {} : { headers: { 'content-type': c.type } }),
      })
      assert.deepEqual(partsOf(server.dataPlane.payloads[0]), c.parts)
    })
  }

  it('tell admission the head: headers, announced size, own deadline', async () => {
    await server.infer('/predictions/digits', {
      body: 'abc',
      headers: { 'x-timeout-ms': '250', 'X-Mine': 'y' },
    })
    const head = server.dataPlane.heads[0]
    assert.equal(head?.timeoutMs, 250)
    assert.equal(head.announcedBytes, 3)
    assert.equal(head.headers['x-mine'], 'y')
    assert.equal(head.signal.aborted, false)
  })

  it('announce no size for a chunked body', async () => {
    await rawExchange(
      server.inferenceUrl,
      'POST /predictions/digits HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n',
    )
    assert.equal(
      server.dataPlane.heads[0] !== undefined && 'announcedBytes' in server.dataPlane.heads[0],
      false,
    )
    assert.deepEqual(partsOf(server.dataPlane.payloads[0]), [{ name: 'body', text: 'a' }])
  })

  for (const value of ['0', '-1', '1.5', 'soon', '86400001', '']) {
    it(`refuse x-timeout-ms '${value}'`, async () => {
      const reply = await server.infer('/predictions/digits', { headers: { 'x-timeout-ms': value } })
      assert.equal(reply.status, 400)
      assert.match(reply.text, /the header 'x-timeout-ms' is '.*'; expected an integer from 1 to 86400000/)
    })
  }

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
    server.dataPlane.outcome = bytesResponse('', { payload: { kind: 'tensors', tensors: [y] } })
    assert.equal((await server.infer('/predictions/digits')).text, '{"y":[[0.5],[1]]}')
  })

  const BAD_RESPONSES = [
    { it: 'a status that HTTP does not have', extra: { status: 99 }, message: /chose the status 99/ },
    { it: 'an informational status', extra: { status: 101 }, message: /chose the status 101/ },
    {
      it: 'a header value with a line break',
      extra: { headers: { a: 'b\r\nc: d' } },
      message: /response header 'a'/,
    },
    {
      it: 'a header name with a blank',
      extra: { headers: { 'a b': 'c' } },
      message: /response header 'a b'/,
    },
  ]
  for (const c of BAD_RESPONSES) {
    it(`answer 500 to ${c.it} from a handler`, async () => {
      server.dataPlane.outcome = bytesResponse('x', c.extra)
      const reply = await server.infer('/predictions/digits')
      assert.equal(reply.status, 500)
      assert.match(reply.text, c.message)
    })
  }

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
      allow: 'POST, PUT',
      type: 'MethodNotAllowedException',
    },
    {
      method: 'DELETE',
      path: '/predictions/digits/1.0',
      status: 405,
      allow: 'POST, PUT',
      type: 'MethodNotAllowedException',
    },
    { method: 'POST', path: '/ping', status: 405, allow: 'HEAD, GET', type: 'MethodNotAllowedException' },
    { method: 'POST', path: '/predictions', status: 404, allow: null, type: 'ResourceNotFoundException' },
    {
      method: 'POST',
      path: '/predictions/a/b/c',
      status: 404,
      allow: null,
      type: 'ResourceNotFoundException',
    },
    { method: 'GET', path: '/', status: 404, allow: null, type: 'ResourceNotFoundException' },
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
    assert.deepEqual([reply.status, reply.headers.get('allow')], [204, 'POST, PUT'])
  })
})
