import assert from 'node:assert/strict'
import { ServingError } from '../../../../worker/contract/errors.ts'
import type { OnPiece } from '../../../../frontend/core/data-plane.ts'
import { bytesResponse } from '../../../support/fake-planes.ts'
import { gate } from '../../../support/gate.ts'
import { RawConnection, rawExchange } from '../../../support/raw-http.ts'
import { TorchServeFixture } from '../../../support/torchserve-fixture.ts'

const POST = 'POST /predictions/digits HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n'
const END = { kind: 'bytes', bytes: Buffer.alloc(0) } as const

describe('a prediction that its handler streams', () => {
  let server: TorchServeFixture
  beforeEach(async () => {
    server = await TorchServeFixture.open()
  })
  afterEach(() => server.close())

  /** Streams `first`, waits for the gate, then answers the rest or fails. */
  function streams(first: Parameters<OnPiece>[0], rest: string | ServingError) {
    const held = gate()
    server.dataPlane.onRun = async (_, __, onPiece) => {
      onPiece?.(first)
      await held.promise
      if (rest instanceof ServingError) throw rest
      onPiece?.({ bytes: Buffer.from(rest) })
      return bytesResponse('', { streamed: true, payload: END })
    }
    return held
  }

  it('goes out piece by piece, its head with the first', async () => {
    const held = streams(
      {
        status: 201,
        headers: { 'X-Kind': 'tokens', 'Content-Length': '1' },
        contentType: 'text/plain',
        bytes: Buffer.from('a'),
      },
      'bc',
    )
    const connection = await RawConnection.open(server.inferenceUrl)
    connection.write(`${POST}\r\n`)
    const begun = await connection.until(/1\r\na\r\n/)
    assert.match(
      begun,
      /^HTTP\/1\.1 201 .*content-type: text\/plain\r\nts_stream_next: true\r\nx-kind: tokens\r\n/is,
    )
    assert.doesNotMatch(begun, /content-length/i)
    held.open()
    await connection.until(/2\r\nbc\r\n0\r\n\r\n$/)
    connection.destroy()
  })

  it('is bytes when its handler names no type', async () => {
    streams({ bytes: Buffer.from('a') }, '').open()
    const reply = await server.infer('/predictions/digits')
    assert.deepEqual([reply.text, reply.headers.get('content-type')], ['a', 'application/octet-stream'])
  })

  it('ends with the last piece that comes as its response', async () => {
    server.dataPlane.onRun = (_, __, onPiece) => {
      onPiece?.({ bytes: Buffer.from('a') })
      return Promise.resolve(bytesResponse('z', { streamed: true }))
    }
    assert.equal((await server.infer('/predictions/digits')).text, 'az')
  })

  it('is put together for HTTP/1.0, which knows no chunks', async () => {
    const pieces: boolean[] = []
    server.dataPlane.onRun = (_, __, onPiece) => {
      pieces.push(onPiece !== undefined)
      return Promise.resolve(bytesResponse('whole'))
    }
    const received = await rawExchange(
      server.inferenceUrl,
      'POST /predictions/digits HTTP/1.0\r\nContent-Length: 0\r\n\r\n',
    )
    assert.match(received, /content-length: 5\r\n[^]*whole$/i)
    assert.deepEqual(pieces, [false])
  })

  it('is cut within its body when it fails later, with the reason in the log', async () => {
    const error = new ServingError('deadline_exceeded', 'too late', { reason: 'worker' })
    streams({ bytes: Buffer.from('a') }, error).open()
    assert.match(await rawExchange(server.inferenceUrl, `${POST}\r\n`), /\r\n1\r\na\r\n$/)
    assert.deepEqual(
      server.http.failures.map((failure) => failure.error.code),
      ['deadline_exceeded'],
    )
  })

  it('says in a trailer why it was cut, to a client that reads trailers', async () => {
    streams({ bytes: Buffer.from('a') }, new ServingError('internal', 'the handler failed')).open()
    const connection = await RawConnection.open(server.inferenceUrl)
    connection.write(`${POST}TE: trailers\r\n\r\n`)
    await connection.until(/1\r\na\r\n0\r\nx-error: internal: the handler failed\r\n\r\n$/)
    connection.destroy()
  })

  it('that fails before its first piece is answered as an error', async () => {
    server.dataPlane.outcome = new ServingError('unimplemented', 'no', { reason: 'operation' })
    assert.equal((await server.infer('/explanations/digits')).status, 501)
  })

  it('is aborted when its client leaves in the middle', async () => {
    const aborted = gate()
    server.dataPlane.onRun = async (_, { signal }, onPiece) => {
      signal.addEventListener('abort', () => aborted.open())
      onPiece?.({ bytes: Buffer.from('a') })
      await aborted.promise
      throw new ServingError('cancelled', 'gone', { reason: 'client_gone' })
    }
    const connection = await RawConnection.open(server.inferenceUrl)
    connection.write(`${POST}\r\n`)
    await connection.until(/1\r\na\r\n/)
    connection.destroy()
    await aborted.promise
    await server.close()
    assert.deepEqual(server.http.failures, [])
    assert.deepEqual(
      server.http.accesses.map(({ status }) => status),
      [499],
    )
  })

  it('follows 100 Continue for a client that waits with its body', async () => {
    streams({ bytes: Buffer.from('a') }, '').open()
    const connection = await RawConnection.open(server.inferenceUrl)
    connection.write(
      'POST /predictions/digits HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n',
    )
    await connection.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/)
    connection.write('{}')
    await connection.until(/HTTP\/1\.1 200 [^]*1\r\na\r\n0\r\n\r\n$/)
    connection.destroy()
  })
})
