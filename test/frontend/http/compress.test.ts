import assert from 'node:assert/strict'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import { send, type Answer } from '../../../frontend/http/answer.ts'
import type { Mount } from '../../../frontend/http/app.ts'
import { http } from '../../support/http-client.ts'
import { HttpFixture } from '../../support/http-fixture.ts'
import { rawExchange } from '../../support/raw-http.ts'

const TEXT = JSON.stringify(Array.from({ length: 1000 }, (_, index) => index / 7))
const JSON_HEADERS = { 'content-type': 'application/json' }
const LARGE: Answer = { status: 200, headers: JSON_HEADERS, body: TEXT }

const answering = (answer: Answer): Mount => ({
  routes: [],
  middleware: (ctx) => {
    send(ctx, answer)
  },
})

describe('compressed answers', () => {
  const fixture = new HttpFixture()
  afterEach(() => fixture.closeAll())

  async function ask(answer: Answer, headers: Readonly<Record<string, string>>, compressMinBytes = 1024) {
    const { url } = await fixture.open(answering(answer), {}, { compressMinBytes })
    return http(url, { headers })
  }

  const ENCODINGS = [
    { encoding: 'gzip', unpack: gunzipSync },
    { encoding: 'deflate', unpack: inflateSync },
    { encoding: 'br', unpack: brotliDecompressSync },
  ]
  for (const { encoding, unpack } of ENCODINGS) {
    it(`come as ${encoding} to a client that asks for it`, async () => {
      const { headers, bytes } = await ask(LARGE, { 'accept-encoding': encoding })
      assert.equal(headers['content-encoding'], encoding)
      assert.equal(headers['vary'], 'Accept-Encoding')
      assert.equal(headers['content-length'], String(bytes.byteLength))
      assert.ok(bytes.byteLength < TEXT.length / 2)
      assert.equal(unpack(bytes).toString(), TEXT)
    })
  }

  it('put a list of pieces together', async () => {
    const body = [Buffer.from(TEXT.slice(0, 3000)), Buffer.from(TEXT.slice(3000))]
    const answer = await ask({ ...LARGE, body }, { 'accept-encoding': 'gzip' })
    assert.equal(gunzipSync(answer.bytes).toString(), TEXT)
  })

  const tensors: Answer = { ...LARGE, headers: { 'content-type': 'application/octet-stream' } }
  const PLAIN: { readonly it: string; readonly answer: Answer; readonly accepted?: string }[] = [
    { it: 'a client that does not ask', answer: LARGE },
    { it: 'a client that takes other encodings only', answer: LARGE, accepted: 'lzma' },
    { it: 'a client that likes them plain better', answer: LARGE, accepted: 'gzip;q=0.5, identity' },
    { it: 'a small body', answer: { ...LARGE, body: '{}' }, accepted: 'gzip' },
    { it: 'an empty body', answer: { ...LARGE, body: '' }, accepted: 'identity;q=0, gzip' },
    { it: 'bytes of tensors', answer: tensors, accepted: 'gzip' },
    {
      it: 'what is encoded already',
      answer: { ...LARGE, headers: { ...JSON_HEADERS, 'content-encoding': 'lzma' } },
      accepted: 'gzip',
    },
  ]
  for (const { it: what, answer, accepted } of PLAIN) {
    it(`stay as they are for ${what}`, async () => {
      const { bytes, headers } = await ask(
        answer,
        accepted === undefined ? {} : { 'accept-encoding': accepted },
      )
      assert.equal(bytes.toString(), answer.body)
      assert.equal(headers['content-encoding'], answer.headers['content-encoding'])
    })
  }

  it('come compressed whatever they hold to a client that takes nothing else', async () => {
    const { headers, bytes } = await ask(tensors, { 'accept-encoding': 'gzip, identity;q=0' })
    assert.equal(headers['content-encoding'], 'gzip')
    assert.equal(gunzipSync(bytes).toString(), TEXT)
  })

  it('keep what else the answer depends on', async () => {
    const before: Mount['middleware'] = (ctx) => {
      ctx.res.setHeader('vary', 'Origin')
      send(ctx, LARGE)
    }
    const mount = { routes: [], middleware: before }
    const { url } = await fixture.open(mount, {}, { compressMinBytes: 10 })
    assert.equal(
      (await http(url, { headers: { 'accept-encoding': 'gzip' } })).headers['vary'],
      'Origin, Accept-Encoding',
    )
  })

  it('say the plain length to HEAD', async () => {
    const { url } = await fixture.open(answering(LARGE), {}, { compressMinBytes: 10 })
    const head = 'HEAD / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n'
    assert.match(await rawExchange(url, head), new RegExp(`content-length: ${TEXT.length}\r\n`, 'i'))
  })

  it('are not made where the setting is off', async () => {
    const { url } = await fixture.open(answering(LARGE))
    assert.equal((await http(url, { headers: { 'accept-encoding': 'gzip' } })).text, TEXT)
  })

  it('are written though the listener closes meanwhile', async () => {
    let close: () => Promise<void> = () => Promise.resolve()
    let closed: Promise<void> | undefined
    const middleware: Mount['middleware'] = (ctx) => {
      send(ctx, LARGE)
      closed = close()
    }
    const listener = await fixture.open({ routes: [], middleware }, {}, { compressMinBytes: 10 })
    close = () => listener.close(5000)
    const { bytes } = await http(listener.url, { headers: { 'accept-encoding': 'gzip' } })
    await closed
    assert.equal(gunzipSync(bytes).toString(), TEXT)
  })
})
