import { status } from '@grpc/grpc-js'
import assert from 'node:assert/strict'
import type { OnPiece } from '../../../../frontend/core/data-plane.ts'
import { modelNotFound } from '../../../../frontend/core/errors.ts'
import { ServingError } from '../../../../worker/contract/errors.ts'
import { bytesResponse } from '../../../support/fake-planes.ts'
import { gate } from '../../../support/gate.ts'
import type { GrpcClient } from '../../../support/grpc-client.ts'
import { GrpcFixture } from '../../../support/grpc-fixture.ts'

const REQUEST = { model_name: 'digits', input: { data: Buffer.from('7') } }

function textOf(message: Record<string, unknown>): string {
  return (message['prediction'] as Buffer).toString()
}

function piece(text: string) {
  return { bytes: Buffer.from(text) }
}

const LAST = bytesResponse('', { streamed: true })

describe('gRPC StreamPredictions', () => {
  let server: GrpcFixture
  let client: GrpcClient
  beforeEach(async () => {
    server = await GrpcFixture.open()
    client = server.inference
  })
  afterEach(() => server.close())

  function answerInPieces(pieces: (onPiece: OnPiece) => void, end = LAST): void {
    server.dataPlane.onRun = async (_payload, _head, onPiece = () => undefined) => {
      pieces(onPiece)
      return Promise.resolve(end)
    }
  }

  it('sends each piece as a message, and ends', async () => {
    answerInPieces((onPiece) => {
      for (const text of ['a', 'b']) onPiece(piece(text))
    })
    const { messages, code } = await client.stream('StreamPredictions', REQUEST).ended
    assert.deepEqual([messages.map(textOf), code], [['a', 'b'], status.OK])
  })

  it('sends a piece while the handler still makes the next one', async () => {
    const next = gate()
    server.dataPlane.onRun = async (_payload, _head, onPiece) => {
      onPiece?.(piece('a'))
      await next.promise
      return bytesResponse('z', { streamed: true })
    }
    const stream = client.stream('StreamPredictions', REQUEST)
    assert.equal(textOf(await stream.next()), 'a')
    next.open()
    assert.deepEqual((await stream.ended).messages.map(textOf), ['a', 'z'])
  })

  it('sends an answer without pieces as one message', async () => {
    const { messages } = await client.stream('StreamPredictions', REQUEST).ended
    assert.deepEqual(messages.map(textOf), ['{"7":0.9}'])
  })

  it('ends with a status when the handler fails after the first message', async () => {
    server.dataPlane.onRun = (_payload, _head, onPiece) => {
      onPiece?.(piece('a'))
      return Promise.reject(new ServingError('internal', 'the handler failed'))
    }
    const { messages, code, details } = await client.stream('StreamPredictions', REQUEST).ended
    assert.deepEqual([messages.map(textOf), code, details], [['a'], status.INTERNAL, 'the handler failed'])
    assert.equal(server.failures.length, 1)
  })

  it('ends with a status when the model is unknown', async () => {
    server.dataPlane.admission = modelNotFound('digits', [])
    const { messages, code } = await client.stream('StreamPredictions', REQUEST).ended
    assert.deepEqual([messages, code], [[], status.NOT_FOUND])
  })

  it('ends with the status that the handler chose, with its words', async () => {
    answerInPieces((onPiece) => {
      onPiece({ ...piece('no such page'), status: 404 })
    })
    const { messages, code, details } = await client.stream('StreamPredictions', REQUEST).ended
    assert.deepEqual([messages, code, details], [[], status.NOT_FOUND, 'no such page'])
  })

  it('tells the handler when the caller cancels', async () => {
    const aborted = gate()
    server.dataPlane.onRun = (_payload, { signal }, onPiece) => {
      signal.addEventListener('abort', () => {
        aborted.open()
      })
      onPiece?.(piece('a'))
      return new Promise(() => undefined)
    }
    const stream = client.stream('StreamPredictions', REQUEST)
    await stream.next()
    stream.cancel()
    await aborted.promise
  })
})

describe('gRPC StreamPredictions2', () => {
  let server: GrpcFixture
  let client: GrpcClient
  beforeEach(async () => {
    server = await GrpcFixture.open()
    client = server.inference
    server.dataPlane.onRun = (payload) =>
      Promise.resolve(
        bytesResponse(payload.kind === 'parts' ? String(payload.parts[0]?.bytes) : '', {
          headers: { ts_request_sequence_id: 's1' },
        }),
      )
  })
  afterEach(() => server.close())

  const request = (text: string, more = {}) => ({
    model_name: 'digits',
    input: { data: Buffer.from(text) },
    ...more,
  })

  it('answers each message, and ends when the client does', async () => {
    const stream = client.bidi('StreamPredictions2')
    stream.write(request('a'))
    const first = await stream.next()
    stream.write(request('b', { sequence_id: first['sequence_id'] }))
    stream.end()
    const { messages, code } = await stream.ended
    assert.deepEqual([messages.map(textOf), code], [['a', 'b'], status.OK])
  })

  it('opens a sequence with a message that names none, and tells its id', async () => {
    const stream = client.bidi('StreamPredictions2')
    stream.write(request('a'))
    assert.equal((await stream.next())['sequence_id'], 's1')
    assert.deepEqual(server.dataPlane.heads[0]?.sequence, { start: false, end: false })
    stream.end()
    await stream.ended
  })

  it('gives each message a request id of its own', async () => {
    const stream = client.bidi('StreamPredictions2', { metadata: { 'x-request-id': 'r1' } })
    for (const text of ['a', 'b']) stream.write(request(text))
    stream.end()
    await stream.ended
    assert.deepEqual(
      server.dataPlane.heads.map(({ requestId }) => requestId),
      ['r1.1', 'r1.2'],
    )
  })

  it('answers an error in its own message, and goes on', async () => {
    const stream = client.bidi('StreamPredictions2')
    stream.write(request('a', { model_name: '', sequence_id: 's9' }))
    const refused = await stream.next()
    const error = refused['status'] as { code: number; message: string }
    assert.deepEqual([error.code, refused['sequence_id']], [status.INVALID_ARGUMENT, 's9'])
    assert.match(error.message, /'model_name' is required/)
    stream.write(request('b'))
    assert.equal(textOf(await stream.next()), 'b')
    stream.end()
    assert.equal((await stream.ended).code, status.OK)
  })

  it('answers the messages of a sequence one after another, in order', async () => {
    const first = gate()
    const order: string[] = []
    server.dataPlane.onRun = async (payload) => {
      const text = payload.kind === 'parts' ? String(payload.parts[0]?.bytes) : ''
      order.push(`start ${text}`)
      if (text === 'a') await first.promise
      order.push(`end ${text}`)
      return bytesResponse(text)
    }
    const stream = client.bidi('StreamPredictions2')
    for (const text of ['a', 'b']) stream.write(request(text, { sequence_id: 's1' }))
    stream.write(request('other', { sequence_id: 's2' }))
    assert.equal(textOf(await stream.next()), 'other')
    first.open()
    stream.end()
    assert.deepEqual((await stream.ended).messages.map(textOf), ['other', 'a', 'b'])
    assert.deepEqual(order, ['start a', 'start other', 'end other', 'end a', 'start b', 'end b'])
  })

  it('reports a bug once, and tells only that there is one', async () => {
    server.dataPlane.onRun = () => Promise.reject(new Error('secret'))
    const stream = client.bidi('StreamPredictions2')
    stream.write(request('a'))
    const error = (await stream.next())['status'] as { code: number; message: string }
    assert.equal(error.code, status.INTERNAL)
    assert.doesNotMatch(error.message, /secret/)
    assert.equal(server.failures.length, 1)
    stream.end()
    await stream.ended
  })

  it('ends for a client that reads too slowly, and works for it no more', async () => {
    const aborted = gate()
    const piece = { bytes: Buffer.alloc(1024 * 1024) }
    server.dataPlane.onRun = (_payload, { signal }, onPiece) => {
      signal.addEventListener('abort', () => {
        aborted.open()
      })
      for (let sent = 0; sent < 20; sent++) onPiece?.(piece)
      return Promise.resolve(bytesResponse('', { streamed: true }))
    }
    const stream = client.bidi('StreamPredictions2')
    stream.write(request('a'))
    const { code, details } = await stream.ended
    assert.equal(code, status.RESOURCE_EXHAUSTED)
    assert.match(details, /too slowly/)
    await aborted.promise
  })

  it('runs 64 requests of a stream at once, and no more', async () => {
    const all = gate()
    server.dataPlane.onRun = async () => {
      await all.promise
      return bytesResponse('x')
    }
    const stream = client.bidi('StreamPredictions2')
    for (let sent = 0; sent < 80; sent++) stream.write(request('a'))
    stream.end()
    while (server.dataPlane.heads.length < 64) await client.unary('Ping', {})
    await client.unary('Ping', {})
    assert.equal(server.dataPlane.heads.length, 64)
    all.open()
    const { messages, code } = await stream.ended
    assert.deepEqual([messages.length, code], [80, status.OK])
  })
})
