import assert from 'node:assert/strict'
import { once } from 'node:events'
import { constants } from 'node:http2'
import { send } from '../../../frontend/http/answer.ts'
import type { Mount } from '../../../frontend/http/app.ts'
import { ResponseStream } from '../../../frontend/http/stream.ts'
import { ServingError } from '../../../worker/contract/errors.ts'
import { requestEcho, heardIn, MAX_ECHO_BYTES } from '../../support/echo-mount.ts'
import { gate } from '../../support/gate.ts'
import { answerOf, type Http2Client } from '../../support/http2-client.ts'
import { OnePortFixture } from '../../support/one-port-fixture.ts'

describe('a request over HTTP/2', () => {
  let server: OnePortFixture
  let client: Http2Client
  const open = async (...options: Parameters<typeof OnePortFixture.open>) => {
    server = await OnePortFixture.open(...options)
    client = server.http2()
  }
  afterEach(() => server.close())

  it('has a 404 of its own', async () => {
    await open(requestEcho)
    const { status, text } = await client.request('/nowhere')
    assert.equal(status, 404)
    assert.match(text, /POST \/echo/)
  })

  const TOO_LARGE = [
    { it: 'by what it announces', headers: { 'content-length': String(MAX_ECHO_BYTES + 1) } },
    { it: 'by what comes', headers: {} },
  ]
  for (const { it: how, headers } of TOO_LARGE) {
    it(`is refused when its body is too large ${how}; the connection serves on`, async () => {
      await open(requestEcho)
      const { status, text } = await client.request('/echo', {
        headers,
        body: Buffer.alloc(MAX_ECHO_BYTES + 1),
      })
      assert.equal(status, 413)
      assert.match(text, /1000000/)
      assert.equal((await client.request('/echo', { body: 'abc' })).status, 200)
    })
  }

  it('is refused when its body comes too slowly', async () => {
    await open(requestEcho, { requestTimeoutMs: 50 })
    const stream = client.open('/echo')
    stream.write('abc')
    const { status, text } = await answerOf(stream)
    assert.equal(status, 408)
    assert.match(text, /did not arrive in time/)
  })

  it('may have no more header fields than any other', async () => {
    await open(requestEcho)
    const headers = Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`x-${index}`, '1']))
    const { status } = await client.request('/echo', { headers })
    assert.equal(status, 431)
  })

  it('gets no 100 Continue for a body that is refused', async () => {
    await open(requestEcho)
    const headers = { expect: '100-continue', 'content-length': String(MAX_ECHO_BYTES + 1) }
    const stream = client.open('/echo', { headers })
    const answer = answerOf(stream)
    stream.once('continue', () => assert.fail('the body was asked for'))
    assert.equal((await answer).status, 413)
  })

  it('gets 100 Continue for a body that is read', async () => {
    await open(requestEcho)
    const stream = client.open('/echo', { headers: { expect: '100-continue' } })
    const answer = answerOf(stream)
    await once(stream, 'continue')
    stream.end('abc')
    assert.equal(heardIn(await answer).bytes, 3)
  })

  it('aborts its work when its client cancels it', async () => {
    const [arrived, aborted] = [gate(), gate()]
    await open({
      routes: [],
      middleware: async (ctx) => {
        ctx.state.signal.addEventListener('abort', () => {
          aborted.open()
        })
        arrived.open()
        await aborted.promise
        throw new ServingError('cancelled', 'gone')
      },
    })
    const stream = client.open('/')
    stream.end()
    await arrived.promise
    stream.close(constants.NGHTTP2_CANCEL)
    await aborted.promise
    await server.close()
    assert.deepEqual(
      server.http.accesses.map(({ status }) => status),
      [499],
    )
  })

  it('is recorded with its status and its bytes', async () => {
    await open(requestEcho)
    const { bytes } = await client.request('/echo', { body: 'abc' })
    await server.close()
    const [{ status, requestBytes, responseBytes, path } = assert.fail('nothing was recorded')] =
      server.http.accesses
    assert.deepEqual(
      { status, requestBytes, responseBytes, path },
      { status: 200, requestBytes: 3, responseBytes: bytes.byteLength, path: '/echo' },
    )
  })

  it('gets the pieces of a streamed answer as they are made', async () => {
    const rest = gate()
    await open({
      routes: [],
      middleware: async (ctx) => {
        const stream = new ResponseStream(ctx, { status: 200, headers: { 'content-type': 'text/plain' } })
        stream.write(Buffer.from('one'))
        await rest.promise
        stream.end(Buffer.from('two'))
      },
    })
    const stream = client.open('/')
    stream.end()
    const answer = answerOf(stream)
    const [first] = (await once(stream, 'data')) as [Buffer]
    assert.equal(first.toString(), 'one')
    rest.open()
    const { text, rstCode } = await answer
    assert.deepEqual({ text, rstCode }, { text: 'onetwo', rstCode: 0 })
  })

  const cut: Mount = {
    routes: [],
    middleware: (ctx) => {
      const stream = new ResponseStream(ctx, { status: 200, headers: {} })
      stream.write(Buffer.from('one'))
      throw new ServingError('unavailable', 'it broke')
    },
  }

  it('sees that a streamed answer was cut', async () => {
    await open(cut)
    const { rstCode } = await client.request('/')
    assert.equal(rstCode, constants.NGHTTP2_INTERNAL_ERROR)
    assert.equal(client.session.closed, false)
  })

  it('reads in a trailer why it was cut, if it asked', async () => {
    await open(cut)
    const { text, trailers, rstCode } = await client.request('/', { headers: { te: 'trailers' } })
    assert.deepEqual(
      { text, rstCode, error: trailers['x-error'] },
      { text: 'one', rstCode: 0, error: 'unavailable: it broke' },
    )
  })

  it('gets an answer in pieces whole, also a large one', async () => {
    const piece = Buffer.alloc(3_000_000, 'abc')
    await open({
      routes: [],
      middleware: (ctx) => {
        send(ctx, { status: 200, headers: {}, body: [piece, Buffer.from('x'), piece] })
      },
    })
    const { bytes, headers } = await client.request('/')
    assert.equal(headers['content-length'], '6000001')
    assert.ok(bytes.equals(Buffer.concat([piece, Buffer.from('x'), piece])))
  })
})
