import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { send, STALLED_READER_MS, type AnswerBody } from '../../../frontend/http/answer.ts'
import type { Mount } from '../../../frontend/http/app.ts'
import { HttpFixture } from '../../support/http-fixture.ts'
import { rawExchange } from '../../support/raw-http.ts'

const answering = (body: AnswerBody): Mount => ({
  routes: [],
  middleware: (ctx) => {
    send(ctx, { status: 200, headers: {}, body })
  },
})

describe('send', () => {
  const fixture = new HttpFixture()
  afterEach(() => fixture.closeAll())

  const large = Buffer.alloc(5_000_000, 'abcdefg')
  const BODIES: { readonly it: string; readonly body: AnswerBody; readonly written: Buffer }[] = [
    { it: 'text', body: 'é', written: Buffer.from('é') },
    { it: 'bytes', body: Uint8Array.of(0, 255), written: Buffer.of(0, 255) },
    { it: 'an empty list', body: [], written: Buffer.alloc(0) },
    { it: 'a list of empty pieces', body: [Buffer.alloc(0), Buffer.alloc(0)], written: Buffer.alloc(0) },
    { it: 'a list of one piece', body: [Buffer.from('one')], written: Buffer.from('one') },
    {
      it: 'a list of pieces in their order',
      body: [Buffer.from('{}'), Buffer.alloc(0), Buffer.of(1, 2), Buffer.of(3)],
      written: Buffer.from('{}\u0001\u0002\u0003'),
    },
    { it: 'large pieces', body: [large, large], written: Buffer.concat([large, large]) },
  ]
  for (const { it: what, body, written } of BODIES) {
    it(`writes ${what}, with its length`, async () => {
      const { url } = await fixture.open(answering(body))
      const response = await fetch(url)
      assert.equal(response.headers.get('content-length'), String(written.byteLength))
      assert.ok(Buffer.from(await response.arrayBuffer()).equals(written))
    })
  }

  it('counts the pieces of a list for the access log', async () => {
    const { url } = await fixture.open(answering([Buffer.alloc(10), Buffer.alloc(20)]))
    await (await fetch(url)).text()
    await fixture.closeAll()
    assert.equal(fixture.accesses.at(-1)?.responseBytes, 30)
  })

  it('writes no piece to HEAD, but says their length', async () => {
    const { url } = await fixture.open(answering([Buffer.from('ab'), Buffer.from('cd')]))
    const reply = await rawExchange(url, 'HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    assert.match(reply, /content-length: 4\r\n[^]*\r\n\r\n$/i)
  })

  it('writes a list to a client whose body it refuses', async () => {
    const { url } = await fixture.open(answering([Buffer.from('refu'), Buffer.from('sed')]))
    const reply = await rawExchange(url, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n')
    assert.match(reply, /content-length: 7\r\n[^]*\r\n\r\nrefused$/i)
  })

  it('limits the time of a reader that takes none of many small answers', async () => {
    const limits: number[] = []
    const { url } = await fixture.open({
      routes: [],
      middleware: (ctx) => {
        const setLimit = ctx.res.setTimeout.bind(ctx.res)
        ctx.res.setTimeout = (limitMs) => {
          limits.push(limitMs)
          return setLimit(limitMs)
        }
        send(ctx, { status: 200, headers: {}, body: 'x'.repeat(4000) })
      },
    })
    const reader = connect({ host: '127.0.0.1', port: Number(new URL(url).port) }).pause()
    const timer = setInterval(() => reader.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(100)), 5)
    while (limits.length === 0) await delay(5)
    clearInterval(timer)
    reader.destroy()
    assert.equal(limits[0], STALLED_READER_MS)
  })
})
