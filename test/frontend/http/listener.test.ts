import assert from 'node:assert/strict'
import type { Mount } from '../../../frontend/http/app.ts'
import { ServingError } from '../../../worker/contract/errors.ts'
import { HttpFixture } from '../../support/http-fixture.ts'
import { echo, held } from '../../support/http-mounts.ts'
import { RawConnection, rawExchange } from '../../support/raw-http.ts'

function throwing(error: unknown): Mount {
  return {
    routes: [],
    middleware: () => {
      throw error
    },
  }
}

const GET = 'GET /echo HTTP/1.1\r\nHost: x\r\n'

describe('a listener', () => {
  const fixture = new HttpFixture()
  beforeEach(() => {
    fixture.accesses.length = 0
    fixture.failures.length = 0
  })
  afterEach(() => fixture.closeAll())

  const MALFORMED = [
    { it: 'a line that is no request', bytes: 'hello\r\n\r\n', status: 400 },
    { it: 'a TLS hello', bytes: Buffer.from([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 3]), status: 400 },
    { it: 'a missing Host', bytes: 'GET /echo HTTP/1.1\r\nConnection: close\r\n\r\n', status: 400 },
    { it: 'a blank in a header name', bytes: `${GET}a b: c\r\n\r\n`, status: 400 },
    { it: 'a NUL in the path', bytes: 'GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n', status: 400 },
    {
      it: 'both length and chunked',
      bytes: `${GET}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      status: 400,
    },
    { it: 'two lengths', bytes: `${GET}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`, status: 400 },
    { it: 'a length that is no number', bytes: `${GET}Content-Length: -1\r\n\r\n`, status: 400 },
    {
      it: 'a chunk size that is no number',
      bytes: `${GET}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
      status: 400,
    },
    {
      it: 'chunked in HTTP/1.0',
      bytes: 'POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      status: 400,
    },
    { it: 'a head of 20 KiB', bytes: `${GET}a: ${'x'.repeat(20_000)}\r\n\r\n`, status: 431 },
    {
      it: 'more than 100 header fields',
      bytes: `${GET}${'a: b\r\n'.repeat(101)}Connection: close\r\n\r\n`,
      status: 431,
    },
  ]
  for (const c of MALFORMED) {
    it(`answers ${c.status} to ${c.it} and closes`, async () => {
      const { url } = await fixture.open(echo)
      assert.match(await rawExchange(url, c.bytes), new RegExp(`^HTTP/1\\.1 ${c.status} `))
    })
  }

  it('accepts exactly 100 header fields', async () => {
    const { url } = await fixture.open(echo)
    const reply = await rawExchange(url, `${GET}${'a: b\r\n'.repeat(98)}Connection: close\r\n\r\n`)
    assert.match(reply, /^HTTP\/1\.1 200 /)
  })

  it('answers a whole request before closing over the garbage behind it', async () => {
    const mount = held()
    const { url } = await fixture.open(mount)
    const connection = await RawConnection.open(url)
    connection.write(`${GET}\r\ngarbage\r\n\r\n`)
    await mount.arrived.promise
    mount.answer.open()
    assert.match(await connection.untilClosed(), /^HTTP\/1\.1 200 OK\r\n.*held$/s)
  })

  it('answers 408 to a head that drips', async () => {
    const { url } = await fixture.open(echo, { headersTimeoutMs: 100 })
    assert.match(await rawExchange(url, GET), /^HTTP\/1\.1 408 .*request_timeout/s)
  })

  it('answers 408 to a body that drips', async () => {
    const { url } = await fixture.open(echo, { requestTimeoutMs: 100 })
    assert.match(
      await rawExchange(url, `${GET}Content-Length: 10\r\n\r\nabc`),
      /^HTTP\/1\.1 408 .*request_timeout/s,
    )
  })

  it('gives no second answer to a request whose body never comes after its answer', async () => {
    const { url } = await fixture.open(throwing(new ServingError('not_found', 'no', { reason: 'route' })), {
      requestTimeoutMs: 100,
    })
    const reply = await rawExchange(url, `${GET}Content-Length: 10\r\n\r\n`)
    assert.equal(reply.match(/HTTP\/1\.1/g)?.length, 1)
  })

  it('says what is wrong with the request after one that was answered before its body came', async () => {
    const { url } = await fixture.open(throwing(new ServingError('not_found', 'no', { reason: 'route' })))
    const connection = await RawConnection.open(url)
    connection.write(`${GET}Content-Length: 2\r\n\r\n`)
    await connection.until(/ 404 /)
    connection.write(`{}hello\r\n\r\n`)
    assert.match(await connection.untilClosed(), /HTTP\/1\.1 400 /)
  })

  it('says once that it closes the connection, whatever the case of the dialect’s own header', async () => {
    const renderError = () => ({ status: 400, headers: { connection: 'close' }, body: '' })
    const { url } = await fixture.open(echo, {}, { renderError })
    assert.equal((await rawExchange(url, 'hello\r\n\r\n')).match(/connection:/gi)?.length, 1)
  })

  it('closes a connection that stays idle', async () => {
    const { url } = await fixture.open(echo, { keepAliveTimeoutMs: 50 })
    assert.match(await rawExchange(url, `${GET}\r\n`), /^HTTP\/1\.1 200 /)
  })

  it('closes connections beyond its limit at once', async () => {
    const { url } = await fixture.open(echo, { maxConnections: 1 })
    const first = await RawConnection.open(url)
    first.write(`${GET}\r\n`)
    await first.until(/200 OK/)
    assert.equal(await rawExchange(url, `${GET}\r\n`), '')
    first.destroy()
  })

  it('answers 200 requests that one client sends at once', async () => {
    const { url } = await fixture.open(echo)
    const reply = await rawExchange(url, `${`${GET}\r\n`.repeat(199)}${GET}Connection: close\r\n\r\n`)
    assert.equal(reply.match(/HTTP\/1\.1 200 /g)?.length, 200)
  })

  it('cuts a client that sends thousands at once, and serves none of what is too much', async () => {
    const mount = held()
    let served = 0
    const counting: Mount = {
      routes: [],
      middleware: (ctx, next) => {
        served++
        return mount.middleware(ctx, next) as Promise<void> // koa types every result as any
      },
    }
    const { url } = await fixture.open(counting)
    assert.equal(await rawExchange(url, `${GET}\r\n`.repeat(5000)), '')
    assert.ok(served > 200 && served < 300, String(served))
    mount.answer.open()
    assert.match(await rawExchange(url, `${GET}Connection: close\r\n\r\n`), /200 OK/)
  })

  it('names the routes to a caller who missed them', async () => {
    const { url } = await fixture.open(echo)
    const response = await fetch(`${url}/nothing?secret=1`)
    assert.equal(response.status, 404)
    assert.equal(
      await response.text(),
      'route: there is no GET /nothing here; the routes of this address are: ANY /echo',
    )
  })

  const IDS = [
    { it: 'returns the id that the caller chose', id: 'abc-123:x/y', expected: /^abc-123:x\/y$/ },
    { it: 'makes an id when there is none', id: undefined, expected: /^[0-9a-f]{32}$/ },
    { it: 'replaces an id that is too long', id: 'a'.repeat(129), expected: /^[0-9a-f]{32}$/ },
    { it: 'replaces an id with other characters', id: 'a b"', expected: /^[0-9a-f]{32}$/ },
  ]
  for (const c of IDS) {
    it(c.it, async () => {
      const { url } = await fixture.open(echo)
      const response = await fetch(
        `${url}/echo`,
        c.id === undefined ? {} : { headers: { 'x-request-id': c.id } },
      )
      assert.match(response.headers.get('x-request-id') ?? '', c.expected)
    })
  }

  it('makes another id for every request', async () => {
    const { url } = await fixture.open(echo)
    const responses = await Promise.all(Array.from({ length: 600 }, () => fetch(`${url}/echo`)))
    assert.equal(new Set(responses.map((response) => response.headers.get('x-request-id'))).size, 600)
  })

  it('hides a bug behind a fixed phrase and reports it with the request id', async () => {
    const { url } = await fixture.open(throwing(new TypeError('secret path /etc')))
    const response = await fetch(url, { headers: { 'x-request-id': 'r1' } })
    assert.equal(response.status, 500)
    assert.equal(await response.text(), 'internal: the server failed on this request; its log has the cause')
    assert.deepEqual(
      fixture.failures.map(({ error, requestId }) => [error.cause instanceof TypeError, requestId]),
      [[true, 'r1']],
    )
  })

  it("does not report what is the caller's own mistake", async () => {
    const { url } = await fixture.open(throwing(new ServingError('invalid_argument', 'bad')))
    assert.equal((await fetch(url)).status, 400)
    assert.deepEqual(fixture.failures, [])
  })

  it('survives an error renderer that fails, and reports it', async () => {
    const failing = () => {
      throw new RangeError('no wording')
    }
    const { url } = await fixture.open(echo, {}, { renderError: failing })
    assert.equal(await rawExchange(url, 'GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n'), '')
    assert.deepEqual(
      fixture.failures.map(({ error }) => error.cause instanceof RangeError),
      [true],
    )
  })

  it('answers HEAD with the headers alone', async () => {
    const { url } = await fixture.open(echo)
    const reply = await rawExchange(url, 'HEAD /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    assert.match(reply, /^HTTP\/1\.1 404 .*content-length: \d\d.*\r\n\r\n$/s)
  })
})
