import assert from 'node:assert/strict'
import type { Mount } from '../../../frontend/http/app.ts'
import { MAX_UNREAD_BYTES, ResponseStream } from '../../../frontend/http/stream.ts'
import { ServingError } from '../../../worker/contract/errors.ts'
import { gate } from '../../support/gate.ts'
import { HttpFixture } from '../../support/http-fixture.ts'
import { RawConnection, rawExchange } from '../../support/raw-http.ts'

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
const GET_WITH_TRAILERS = 'GET / HTTP/1.1\r\nHost: x\r\nTE: trailers\r\n\r\n'
const LAST_CHUNK = '\r\n0\r\n'

/** A mount that streams as it is told. */
function streaming(make: (stream: ResponseStream) => Promise<void> | void): Mount {
  return {
    routes: [],
    middleware: async (ctx) => {
      await make(new ResponseStream(ctx, { status: 200, headers: { 'content-type': 'text/plain' } }))
    },
  }
}

describe('a streamed response', () => {
  let http: HttpFixture
  beforeEach(() => {
    http = new HttpFixture()
  })
  afterEach(() => http.closeAll())

  it('sends its head with the first piece, while the rest is being made', async () => {
    const rest = gate()
    const { url } = await http.open(
      streaming(async (stream) => {
        stream.write(Buffer.from('one'))
        await rest.promise
        stream.end(Buffer.from('two'))
      }),
    )
    const connection = await RawConnection.open(url)
    connection.write(GET)
    assert.match(
      await connection.until(/\r\n3\r\none/),
      /^HTTP\/1\.1 200 .*content-type: text\/plain.*x-request-id: .*transfer-encoding: chunked/is,
    )
    rest.open()
    await connection.until(/3\r\ntwo\r\n0\r\n\r\n$/)
    connection.destroy()
  })

  it('sends its head for an empty first piece too', async () => {
    const rest = gate()
    const { url } = await http.open(
      streaming(async (stream) => {
        stream.write(Buffer.alloc(0))
        await rest.promise
        stream.end(Buffer.alloc(0))
      }),
    )
    const connection = await RawConnection.open(url)
    connection.write(GET)
    await connection.until(/\r\n\r\n$/)
    rest.open()
    await connection.until(/\r\n\r\n0\r\n\r\n$/)
    connection.destroy()
  })

  it('leaves the connection to the next request', async () => {
    const { url } = await http.open(
      streaming((stream) => {
        stream.end(Buffer.from('all'))
      }),
    )
    const connection = await RawConnection.open(url)
    connection.write(GET + GET)
    await connection.until(/all[^]*all\r\n0\r\n\r\n/)
    connection.destroy()
  })

  it('counts its bytes for the access log', async () => {
    const { url } = await http.open(
      streaming((stream) => {
        stream.write(Buffer.from('abc'))
        stream.end(Buffer.from('de'))
      }),
    )
    await fetch(url).then((response) => response.text())
    await http.closeAll()
    assert.deepEqual(
      http.accesses.map(({ status, responseBytes }) => [status, responseBytes]),
      [[200, 5]],
    )
  })

  describe('that fails after its first piece', () => {
    const failing = streaming((stream) => {
      stream.write(Buffer.from('one'))
      throw new ServingError('deadline_exceeded', 'no more\ntime ✗', { reason: 'worker' })
    })

    it('is cut within the body, after what was written, with the reason in the log', async () => {
      const { url } = await http.open(failing)
      const received = await rawExchange(url, GET)
      assert.match(received, /3\r\none\r\n$/)
      assert.doesNotMatch(received, new RegExp(LAST_CHUNK))
      await http.closeAll()
      assert.deepEqual(
        http.failures.map(({ error }) => [error.code, error.reason]),
        [['deadline_exceeded', 'worker']],
      )
      assert.deepEqual(
        http.accesses.map(({ status }) => status),
        [200],
      )
    })

    it('tells the reason in a trailer to a client who asked for trailers', async () => {
      const { url } = await http.open(failing)
      const connection = await RawConnection.open(url)
      connection.write(GET_WITH_TRAILERS)
      assert.match(
        await connection.until(/\r\n0\r\n[^]*\r\n\r\n$/),
        /trailer: x-error\r\n[^]*3\r\none\r\n0\r\nx-error: deadline_exceeded: no more time\r\n\r\n$/i,
      )
      connection.destroy()
      assert.equal(http.failures.length, 1)
    })
  })

  it('that fails before its first piece gets a whole error', async () => {
    const { url } = await http.open({
      routes: [],
      middleware: () => {
        throw new ServingError('internal', 'broken')
      },
    })
    assert.equal((await fetch(url)).status, 500)
  })

  it('is cut when its client reads too slowly, and the maker hears of it', async () => {
    const piece = Buffer.alloc(1024 * 1024)
    const { url } = await http.open(
      streaming(async (stream) => {
        for (let sent = 0; sent < 10 * MAX_UNREAD_BYTES; sent += piece.byteLength) {
          stream.write(piece)
          await new Promise((resolve) => setImmediate(resolve))
        }
        stream.end(piece)
      }),
    )
    const connection = await RawConnection.open(url)
    connection.stopReading()
    connection.write(GET)
    await until(() => http.failures.length > 0)
    connection.destroy()
    assert.match(
      http.failures[0]?.error.message ?? '',
      /reads its streamed answer too slowly: \d+ bytes wait/,
    )
  })

  it('is given up when its client leaves: later pieces go nowhere, and nothing is reported', async () => {
    const left = gate()
    const done = gate()
    const { url } = await http.open({
      routes: [],
      middleware: async (ctx) => {
        const stream = new ResponseStream(ctx, { status: 200, headers: {} })
        stream.write(Buffer.from('one'))
        ctx.state.signal.addEventListener('abort', () => left.open())
        await left.promise
        stream.write(Buffer.from('two'))
        stream.end(Buffer.from('three'))
        done.open()
      },
    })
    const connection = await RawConnection.open(url)
    connection.write(GET)
    await connection.until(/one/)
    connection.destroy()
    await done.promise
    assert.deepEqual(http.failures, [])
  })
})

async function until(isDone: () => boolean): Promise<void> {
  while (!isDone()) await new Promise((resolve) => setImmediate(resolve))
}
