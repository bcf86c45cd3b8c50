import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { send } from '../../../frontend/http/answer.ts'
import type { Mount } from '../../../frontend/http/app.ts'
import { readBody } from '../../../frontend/http/body.ts'
import { HttpFixture } from '../../support/http-fixture.ts'
import { zstdOfZeros } from '../../support/zstd-frames.ts'
import { RawConnection, rawExchange } from '../../support/raw-http.ts'

const MAX_BYTES = 100_000
const HEAD = 'POST / HTTP/1.1\r\nHost: x\r\n'

/** Answers with the length of the body. */
const lengthOfBody: Mount = {
  routes: [],
  middleware: async (ctx) => {
    const body = await readBody(ctx, MAX_BYTES)
    send(ctx, { status: 200, headers: {}, body: `length ${body.byteLength}` })
  },
}

/** Answers how far byte 13 of the body lies from a multiple of 8. */
const addressOf13: Mount = {
  routes: [],
  middleware: async (ctx) => {
    const { byteLength, byteOffset } = await readBody(ctx, 5_000_000, 13)
    send(ctx, { status: 200, headers: {}, body: `${byteLength} bytes, ${(byteOffset + 13) % 8} off` })
  },
}

describe('readBody', function () {
  // A thread that runs from its source takes its time to start.
  this.timeout(30_000)
  const fixture = new HttpFixture()
  let url: string
  beforeEach(async () => {
    url = (await fixture.open(lengthOfBody)).url
  })
  afterEach(() => fixture.closeAll())

  async function post(body: Uint8Array, headers: Record<string, string> = {}) {
    const response = await fetch(url, { method: 'POST', body: new Uint8Array(body), headers })
    return { status: response.status, text: await response.text() }
  }

  const bytes = Buffer.alloc(5000, 'ab')
  // By the command zstd 1.5.4, with its checksum.
  const ZSTD_OF_BYTES = Buffer.from('KLUv/WSIEk0AABBhYgEAg1PvsOJXAq8=', 'base64')
  const ENCODINGS = [
    { encoding: 'gzip', body: gzipSync(bytes) },
    { encoding: 'x-gzip', body: gzipSync(bytes) },
    { encoding: 'GZIP', body: gzipSync(bytes) },
    { encoding: 'deflate', body: deflateSync(bytes) },
    { encoding: 'br', body: brotliCompressSync(bytes) },
    { encoding: 'zstd', body: ZSTD_OF_BYTES },
    { encoding: 'identity', body: bytes },
  ]
  for (const { encoding, body } of ENCODINGS) {
    it(`unpacks ${encoding}`, async () => {
      assert.deepEqual(await post(body, { 'content-encoding': encoding }), {
        status: 200,
        text: 'length 5000',
      })
    })
  }

  const REFUSED = [
    { it: 'an unknown encoding', encoding: 'lzma', body: bytes, text: /unsupported_encoding.*'lzma'/ },
    {
      it: 'two layers of encoding',
      encoding: 'gzip, gzip',
      body: bytes,
      text: /unsupported_encoding.*'gzip, gzip'/,
    },
    {
      it: "an encoding named like an object's member",
      encoding: 'constructor',
      body: bytes,
      text: /unsupported_encoding/,
    },
    {
      it: 'bytes that are not what they say',
      encoding: 'gzip',
      body: bytes,
      text: /content_encoding: .*not valid gzip/,
    },
    {
      it: 'a cut gzip stream',
      encoding: 'gzip',
      body: gzipSync(bytes).subarray(0, 20),
      text: /content_encoding/,
    },
    {
      it: 'a bomb',
      encoding: 'gzip',
      body: gzipSync(Buffer.alloc(10_000_000)),
      text: /body_too_large: .*unpacks to more than the 100000/,
    },
    {
      it: 'bytes that are no zstd',
      encoding: 'zstd',
      body: bytes,
      text: /content_encoding: .*not valid zstd/,
    },
    {
      it: 'a cut zstd stream',
      encoding: 'zstd',
      body: ZSTD_OF_BYTES.subarray(0, 20),
      text: /content_encoding: .*not valid zstd/,
    },
    {
      it: 'a bomb of zstd',
      encoding: 'zstd',
      body: zstdOfZeros(100),
      text: /body_too_large: .*unpacks to more than/,
    },
    {
      it: 'a bomb of another kind',
      encoding: 'br',
      body: brotliCompressSync(Buffer.alloc(10_000_000)),
      text: /body_too_large: .*unpacks to more than the 100000/,
    },
    {
      it: 'a packed body over the limit',
      encoding: 'gzip',
      body: gzipSync(randomBytes(2 * MAX_BYTES)),
      text: /body_too_large: .*has \d+ bytes, at most 100000/,
    },
  ]
  for (const c of REFUSED) {
    it(`refuses ${c.it}`, async () => {
      assert.match((await post(c.body, { 'content-encoding': c.encoding })).text, c.text)
    })
  }

  it('says which encodings it takes instead of an unknown one', async () => {
    const response = await fetch(url, { method: 'POST', body: 'x', headers: { 'content-encoding': 'lzma' } })
    assert.equal(response.headers.get('accept-encoding'), 'gzip, deflate, br, zstd')
  })

  it('keeps serving after many bodies that it could not unpack', async () => {
    const cut = gzipSync(randomBytes(50_000)).subarray(0, 40_000)
    const tries = Array.from({ length: 50 }, () => post(cut, { 'content-encoding': 'gzip' }))
    for (const { text } of await Promise.all(tries)) assert.match(text, /content_encoding/)
    assert.equal((await post(gzipSync(bytes), { 'content-encoding': 'gzip' })).text, 'length 5000')
  })

  it('unpacks a body that comes packed in chunks', async () => {
    const packed = gzipSync(bytes)
    const connection = await RawConnection.open(url)
    connection.write(`${HEAD}Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n`)
    for (const part of [packed.subarray(0, 20), packed.subarray(20)]) {
      connection.write(`${part.byteLength.toString(16)}\r\n`)
      connection.write(part)
      connection.write('\r\n')
    }
    connection.write('0\r\n\r\n')
    await connection.until(/length 5000/)
    connection.destroy()
  })

  it('accepts a body of exactly the limit', async () => {
    assert.equal((await post(Buffer.alloc(MAX_BYTES))).text, `length ${MAX_BYTES}`)
  })

  for (const { encoding, pack } of [
    { encoding: 'identity', pack: (whole: Buffer) => whole },
    { encoding: 'gzip', pack: (whole: Buffer) => gzipSync(whole) },
  ]) {
    it(`lays the wanted byte of a large ${encoding} body at a multiple of 8`, async () => {
      const listener = await fixture.open(addressOf13)
      const response = await fetch(listener.url, {
        method: 'POST',
        body: new Uint8Array(pack(randomBytes(4_000_000))),
        headers: { 'content-encoding': encoding },
      })
      assert.equal(await response.text(), '4000000 bytes, 0 off')
    })
  }

  it('reads no body as an empty one', async () => {
    assert.equal(await (await fetch(url)).text(), 'length 0')
  })

  it('refuses an announced size over the limit without waiting for a byte of it', async () => {
    const reply = await rawExchange(url, `${HEAD}Content-Length: ${MAX_BYTES + 1}\r\n\r\n`)
    assert.match(reply, /^HTTP\/1\.1 413 .*\r\nConnection: close\r\n.*has 100001 bytes, at most 100000/is)
  })

  it('refuses a chunked body once it passes the limit, while more is coming', async () => {
    const chunk = `${(60_000).toString(16)}\r\n${'x'.repeat(60_000)}\r\n`
    const connection = await RawConnection.open(url)
    connection.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n${chunk}`)
    connection.write(chunk)
    assert.match(await connection.until(/more than the 100000/), /^HTTP\/1\.1 413 /)
    connection.destroy()
  })

  it('lets a client that is still sending read its 413', async () => {
    const connection = await RawConnection.open(url)
    connection.write(`${HEAD}Content-Length: 50000000\r\n\r\n`)
    connection.write(Buffer.alloc(2_000_000))
    assert.match(await connection.until(/bytes that|at most 100000/), /^HTTP\/1\.1 413 /)
    connection.destroy()
  })

  it('does not ask for a body that it refuses', async () => {
    const reply = await rawExchange(url, `${HEAD}Expect: 100-continue\r\nContent-Length: 200000\r\n\r\n`)
    assert.match(reply, /^HTTP\/1\.1 413 /)
  })

  it('asks for a body that it will read', async () => {
    const connection = await RawConnection.open(url)
    connection.write(`${HEAD}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n`)
    await connection.until(/^HTTP\/1\.1 100 Continue\r\n\r\n/)
    connection.write('ok')
    assert.match(await connection.until(/length 2/), /HTTP\/1\.1 200 OK/)
    connection.destroy()
  })

  it('refuses a flood of tiny chunks', async () => {
    const connection = await RawConnection.open(url)
    connection.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(1500)}`)
    assert.match(await connection.until(/chunks of a few bytes/), /^HTTP\/1\.1 400 /)
    connection.destroy()
  })

  it('counts a body that arrives in pieces', async () => {
    const connection = await RawConnection.open(url)
    connection.write(`${HEAD}Content-Length: 6\r\n\r\nabc`)
    connection.write('def')
    await connection.until(/length 6/)
    connection.destroy()
  })

  it('ends when the client leaves in the middle', async () => {
    const connection = await RawConnection.open(url)
    connection.write(`${HEAD}Expect: 100-continue\r\nContent-Length: 10\r\n\r\n`)
    await connection.until(/100 Continue/)
    connection.write('abc')
    connection.destroy()
    await fixture.closeAll()
    assert.deepEqual(fixture.failures, [])
    assert.equal(fixture.accesses.at(-1)?.status, 499)
  })

  it('keeps the connection when a small refused body can be skipped', async () => {
    const refusing: Mount = {
      routes: [],
      middleware: (ctx) => {
        send(ctx, { status: 200, headers: {}, body: 'early' })
      },
    }
    const listener = await fixture.open(refusing)
    const connection = await RawConnection.open(listener.url)
    connection.write(`${HEAD}Content-Length: 3\r\n\r\n`)
    await connection.until(/early/)
    connection.write(`abc${HEAD}\r\n`)
    await connection.until(/early.*early/s)
    connection.destroy()
  })
})
