import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { runClosedLoop } from '../../bench/load/closed-loop.ts'

/** Answers every request with `chunks`, each in a packet of its own. */
async function answering(...chunks: readonly string[]): Promise<Server> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    socket.on('data', () => {
      for (const chunk of chunks) setImmediate(() => socket.write(chunk))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

const portOf = (server: Server) => (server.address() as AddressInfo).port // listening on TCP

describe('closed loop', () => {
  let server: Server | undefined
  afterEach(() => server?.close())

  const job = (to: Server) => ({
    port: portOf(to),
    path: '/predictions/a',
    bodies: ['{}'],
    connections: 2,
    warmUpMs: 20,
    measureMs: 50,
  })

  it('counts answers that arrive in pieces', async () => {
    server = await answering('HTTP/1.1 200 OK\r\nContent-', 'Length: 4\r\n\r\nab', 'cd')
    const result = await runClosedLoop(job(server), () => {})
    assert.ok(result.requests > 2)
    assert.ok(result.p50Ms > 0 && result.p50Ms <= result.p99Ms)
    assert.equal(result.failures, 0)
  })

  it('reports the first answer that is not 200', async () => {
    server = await answering('HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\nbusy')
    const result = await runClosedLoop(job(server), () => {})
    assert.ok(result.failures > 0)
    assert.match(result.firstFailure ?? '', /^HTTP\/1\.1 503 .*busy$/s)
  })

  it('fails when nothing listens', async () => {
    const closed = await answering()
    const lost = job(closed)
    closed.close()
    await assert.rejects(
      runClosedLoop(lost, () => {}),
      { code: 'ECONNREFUSED' },
    )
  })
})
