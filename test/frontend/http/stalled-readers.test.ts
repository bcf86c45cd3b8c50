import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { send } from '../../../frontend/http/answer.ts'
import { gate } from '../../support/gate.ts'
import { HttpFixture } from '../../support/http-fixture.ts'
import { RawConnection, rawExchange } from '../../support/raw-http.ts'

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n'

describe('a listener', () => {
  const fixture = new HttpFixture()
  afterEach(() => fixture.closeAll())

  const STALLED = [
    { it: 'one large answer', requests: 1, bytes: 32 * 1024 * 1024 },
    { it: 'many answers on one connection', requests: 200, bytes: 60_000 },
  ]
  for (const c of STALLED) {
    it(`gives a reader that takes nothing of ${c.it} 30 s`, async () => {
      const arrived = gate<Socket>()
      const { url } = await fixture.open({
        routes: [],
        middleware: (ctx) => {
          arrived.open(ctx.req.socket)
          send(ctx, { status: 200, headers: {}, body: Buffer.alloc(c.bytes) })
        },
      })
      const connection = await RawConnection.open(url)
      connection.stopReading()
      connection.write(`${GET}\r\n`.repeat(c.requests))
      const socket = await arrived.promise
      while (socket.timeout !== 30_000) await new Promise((resolve) => setImmediate(resolve))
      connection.destroy()
    })
  }

  it('sets no timer for an answer that the kernel took', async () => {
    const timeout = gate<number | undefined>()
    const { url } = await fixture.open({
      routes: [],
      middleware: (ctx) => {
        send(ctx, { status: 200, headers: {}, body: 'small' })
        timeout.open(ctx.req.socket.timeout)
      },
    })
    await rawExchange(url, `${GET}Connection: close\r\n\r\n`)
    assert.notEqual(await timeout.promise, 30_000)
  })
})
