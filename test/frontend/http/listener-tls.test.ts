import { connect as connectTcp } from 'node:net'
import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import type { Mount } from '../../../frontend/http/app.ts'
import type { ListenerTls } from '../../../frontend/http/listener-tls.ts'
import { identity } from '../../support/certificates.ts'
import { gate } from '../../support/gate.ts'
import { HttpFixture } from '../../support/http-fixture.ts'

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

describe('closing a listener with TLS', () => {
  const fixture = new HttpFixture()
  let tls: ListenerTls
  let sockets: { destroy(): unknown }[]

  before(async () => {
    tls = { current: await identity('server'), asksForCertificates: false, onChange: () => () => undefined }
  })
  beforeEach(() => {
    sockets = []
  })
  afterEach(async () => {
    for (const socket of sockets) socket.destroy()
    await fixture.closeAll()
  })

  async function client(url: string): Promise<TLSSocket> {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), rejectUnauthorized: false })
    sockets.push(socket)
    await once(socket, 'secureConnect')
    return socket
  }

  it('waits for no request of a connection that has gone, the queued ones included', async () => {
    const arrived = gate()
    const left = gate()
    let requests = 0
    const mount: Mount = {
      routes: [],
      middleware: (ctx) => {
        requests++
        if (requests === 2) arrived.open()
        ctx.res.once('close', () => {
          left.open()
        })
        return new Promise(() => undefined)
      },
    }
    const listener = await fixture.open(mount, { tls })
    const socket = await client(listener.url)
    socket.write(GET + GET)
    await arrived.promise
    socket.destroy()
    await left.promise
    await listener.close(60_000)
  })

  it('closes connections that have not said who they are', async () => {
    const listener = await fixture.open({ routes: [], middleware: () => Promise.resolve() }, { tls })
    const socket = connectTcp(Number(new URL(listener.url).port), '127.0.0.1')
    sockets.push(socket)
    socket.resume().on('error', () => undefined)
    await once(socket, 'connect')
    await Promise.all([listener.close(60_000), once(socket, 'close')])
  })
})

describe('a listener with TLS', () => {
  const fixture = new HttpFixture()
  afterEach(() => fixture.closeAll())

  it('closes a connection that does not finish its handshake in time', async () => {
    const tls = {
      current: await identity('server'),
      asksForCertificates: false,
      onChange: () => () => undefined,
    }
    const mount = { routes: [], middleware: () => Promise.resolve() }
    const listener = await fixture.open(mount, { tls, headersTimeoutMs: 50 })
    const socket = connectTcp(Number(new URL(listener.url).port), '127.0.0.1')
    socket.resume().on('error', () => undefined)
    await once(socket, 'close')
  })
})
