import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { send } from '../../frontend/http/answer.ts'
import { requestEcho, heardIn } from '../support/echo-mount.ts'
import { gate } from '../support/gate.ts'
import { identity } from '../support/certificates.ts'
import { OnePortFixture } from '../support/one-port-fixture.ts'
import { RawConnection } from '../support/raw-http.ts'

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
const EMPTY_SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])
const PING_PATH = '/org.pytorch.serve.grpc.inference.InferenceAPIsService/Ping'

describe('one port', () => {
  let server: OnePortFixture
  const open = async (...options: Parameters<typeof OnePortFixture.open>) => {
    server = await OnePortFixture.open(...options)
    return server
  }
  afterEach(() => server.close())

  it('answers HTTP/1.1', async () => {
    const { url } = await open(requestEcho)
    const response = await fetch(`${url}/echo`, { method: 'POST', body: 'abc' })
    const heard = { httpVersion: '1.1', method: 'POST', url: '/echo', host: new URL(url).host, names: [] }
    assert.deepEqual(await response.json(), { ...heard, bytes: 3 })
  })

  it('answers HTTP/2 as it answers HTTP/1.1', async () => {
    const { url } = await open(requestEcho)
    const { status, headers, text } = await server.http2().request('/echo', { body: 'abc' })
    const heard = { httpVersion: '2.0', method: 'POST', url: '/echo', host: new URL(url).host, names: [] }
    assert.equal(status, 200)
    assert.deepEqual(JSON.parse(text), { ...heard, bytes: 3 })
    assert.match(String(headers['x-request-id']), /^[0-9a-f]{32}$/)
  })

  it('answers gRPC', async () => {
    await open(requestEcho)
    const { message } = await server.grpcClient().unary('Ping', {})
    assert.match(String(message['health']), /Healthy/)
  })

  it('answers gRPC and other requests of one connection, at once', async () => {
    await open(requestEcho)
    const client = server.http2()
    const asked = Array.from({ length: 10 }, async () => {
      const [rest, rpc] = await Promise.all([
        client.request('/echo', { body: Buffer.alloc(100_000) }),
        client.request(PING_PATH, {
          headers: { 'content-type': 'application/grpc', te: 'trailers' },
          body: Buffer.alloc(5),
        }),
      ])
      return { rest: heardIn(rest).bytes, rpc: rpc.trailers['grpc-status'] }
    })
    for (const answer of await Promise.all(asked)) assert.deepEqual(answer, { rest: 100_000, rpc: '0' })
  })

  it('answers all kinds of clients at once', async () => {
    const { url } = await open(requestEcho)
    const [http2, grpc] = [server.http2(), server.grpcClient()]
    const rounds = Array.from({ length: 10 }, async () => {
      const [first, second] = await Promise.all([
        fetch(`${url}/echo`, { method: 'POST', body: 'abc' }),
        http2.request('/echo', { body: 'abc' }),
        grpc.unary('Ping', {}),
      ])
      return [first.status, second.status]
    })
    for (const statuses of await Promise.all(rounds)) assert.deepEqual(statuses, [200, 200])
  })

  it('knows HTTP/2 by a first line that comes byte by byte', async () => {
    const { url } = await open(requestEcho)
    const connection = await RawConnection.open(url)
    for (const character of PREFACE) connection.write(character)
    connection.write(EMPTY_SETTINGS)
    await connection.until(/^\0\0.\x04\0/s)
    connection.destroy()
  })

  for (const start of ['P', 'PRI', 'PU']) {
    it(`takes a method that begins with ${start} for HTTP/1.1 when it is none of HTTP/2`, async () => {
      const { url } = await open(requestEcho)
      const connection = await RawConnection.open(url)
      connection.write(start)
      connection.write('X /echo HTTP/1.1\r\nHost: x\r\n\r\n')
      await connection.until(/^HTTP\/1\.1 4/)
      connection.destroy()
    })
  }

  it('closes connections whose clients say nothing', async () => {
    const { url } = await open(requestEcho, { headersTimeoutMs: 50 })
    const connection = await RawConnection.open(url)
    connection.write('PR')
    assert.equal(await connection.untilClosed(), '')
  })

  it('ends with the connections of HTTP/2 that their clients have ended', async () => {
    const { url } = await open(requestEcho)
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port) })
    socket.write(PREFACE)
    socket.end(EMPTY_SETTINGS)
    socket.resume()
    await once(socket, 'close')
  })
})

describe('closing one port', () => {
  let server: OnePortFixture
  afterEach(() => server.close())

  it('answers what was accepted over HTTP/2, and tells clients to go elsewhere', async () => {
    const [arrived, release] = [gate(), gate()]
    server = await OnePortFixture.open({
      routes: [],
      middleware: async (ctx) => {
        arrived.open()
        await release.promise
        send(ctx, { status: 200, headers: {}, body: 'late' })
      },
    })
    const client = server.http2()
    const asked = client.request('/')
    await arrived.promise
    const goaway = once(client.session, 'goaway')
    const drained = server.drain(60_000)
    await goaway
    release.open()
    assert.equal((await asked).text, 'late')
    await drained
    await client.closed()
  })

  it('cuts what is left when the time is over', async () => {
    const arrived = gate()
    server = await OnePortFixture.open({
      routes: [],
      middleware: () => {
        arrived.open()
        return new Promise(() => undefined)
      },
    })
    const asked = server.http2().request('/')
    await arrived.promise
    await server.drain(50)
    assert.equal((await asked).status, 0)
  })

  it('ends connections that have said nothing', async () => {
    server = await OnePortFixture.open(requestEcho)
    const connection = await RawConnection.open(server.url)
    await server.drain(60_000)
    await connection.untilClosed()
  })
})

describe('one port with TLS', () => {
  let server: OnePortFixture
  beforeEach(async () => {
    const tls = {
      current: await identity('server'),
      asksForCertificates: false,
      onChange: () => () => undefined,
    }
    server = await OnePortFixture.open(requestEcho, { tls })
  })
  afterEach(() => server.close())

  it('speaks HTTP/2 and gRPC with clients that offer it', async () => {
    const client = server.http2()
    const rest = await client.request('/echo', { body: 'abc' })
    assert.equal(heardIn(rest).httpVersion, '2.0')
    const headers = { 'content-type': 'application/grpc', te: 'trailers' }
    const rpc = await client.request(PING_PATH, { headers, body: Buffer.alloc(5) })
    assert.equal(rpc.trailers['grpc-status'], '0')
  })

  it('speaks HTTP/1.1 with clients that offer that', async () => {
    const { text } = await tlsExchange(
      server.url,
      'POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc',
    )
    assert.match(text, /^HTTP\/1\.1 200 .*"httpVersion":"1\.1"/s)
  })

  it('waits for no connection when it closes', async () => {
    const client = server.http2()
    await client.request('/echo', { body: 'abc' })
    await server.drain(60_000)
    await client.closed()
  })
})

/** Over TLS, by a client that offers HTTP/1.1 only. */
async function tlsExchange(url: string, bytes: string): Promise<{ readonly text: string }> {
  const { hostname: host, port } = new URL(url)
  const socket = connectTls({
    host,
    port: Number(port),
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
  })
  socket.write(bytes)
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(socket, 'close')
  return { text: Buffer.concat(chunks).toString() }
}
