import assert from 'node:assert/strict'
import { partsOf } from '../../../support/parts.ts'
import { rawExchange } from '../../../support/raw-http.ts'
import { TorchServeFixture } from '../../../support/torchserve-fixture.ts'

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
      it: 'JSON behind blanks that curl -d calls a form as JSON',
      body: '\n {"x":"a=b"}',
      type: 'application/x-www-form-urlencoded',
      parts: [{ name: 'body', contentType: 'application/json', text: '\n {"x":"a=b"}' }],
    },
    {
      it: 'a number that curl -d calls a form as JSON',
      body: '5.1',
      type: 'application/x-www-form-urlencoded',
      parts: [{ name: 'body', contentType: 'application/json', text: '5.1' }],
    },
    {
      it: 'a text that curl -d calls a form as text',
      body: 'it was a good film & a long one',
      type: 'application/x-www-form-urlencoded',
      parts: [{ name: 'body', contentType: 'text/plain', text: 'it was a good film & a long one' }],
    },
    { it: 'an empty form as no parts', body: '', type: 'application/x-www-form-urlencoded', parts: [] },
    {
      it: 'every field of a name that is given twice',
      body: 'a=1&a=2',
      type: 'application/x-www-form-urlencoded',
      parts: [
        { name: 'a', text: '1' },
        { name: 'a', text: '2' },
      ],
    },
    {
      it: 'bytes that curl --data-binary calls a form as bytes',
      body: Buffer.from([0xff, 0xd8, 0x3d]),
      type: 'application/x-www-form-urlencoded',
      parts: [{ name: 'body', text: Buffer.from([0xff, 0xd8, 0x3d]).toString() }],
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

  const SEQUENCES = [
    { headers: {}, sequence: undefined },
    { headers: { ts_request_sequence_id: 's1' }, sequence: { id: 's1', start: false, end: false } },
    { headers: { ts_request_sequence_start: 'True' }, sequence: { start: true, end: false } },
    {
      headers: { ts_request_sequence_id: 's1', ts_request_sequence_end: 'true' },
      sequence: { id: 's1', start: false, end: true },
    },
  ]
  for (const { headers, sequence } of SEQUENCES) {
    it(`with ${JSON.stringify(headers)} belong to ${JSON.stringify(sequence)}`, async () => {
      await server.infer('/predictions/digits', { headers })
      assert.deepEqual(server.dataPlane.heads[0]?.sequence, sequence)
    })
  }

  it('refuse a mark of a sequence that is neither true nor false', async () => {
    const reply = await server.infer('/predictions/digits', { headers: { ts_request_sequence_start: 'yes' } })
    assert.equal(reply.status, 400)
    assert.match(reply.text, /the header 'ts_request_sequence_start' is 'yes'; expected true or false/)
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
})
