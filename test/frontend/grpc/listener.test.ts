import { status } from '@grpc/grpc-js'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2, type Settings } from 'node:http2'
import { connect } from 'node:net'
import { bytesResponse } from '../../support/fake-planes.ts'
import { gate } from '../../support/gate.ts'
import { INFERENCE } from '../../support/grpc-client.ts'
import { GrpcFixture, GRPC_POLICY } from '../../support/grpc-fixture.ts'

const REQUEST = { model_name: 'digits', input: { data: Buffer.from('7') } }
const PREDICTIONS = `/${INFERENCE}/Predictions`

function port(target: string): number {
  return Number(target.split(':').at(-1))
}

describe('a gRPC listener', () => {
  let server: GrpcFixture
  beforeEach(async () => {
    server = await GrpcFixture.open()
  })
  afterEach(() => server.close())

  it('refuses a message that is too large, without reading it to its end', async () => {
    const data = Buffer.alloc(GRPC_POLICY.maxRequestBytes + 1)
    const error = await server.inference.failure('Predictions', { ...REQUEST, input: { data } })
    assert.equal(error.code, status.RESOURCE_EXHAUSTED)
    assert.match(error.details, /larger than max/)
    assert.deepEqual(server.dataPlane.heads, [])
  })

  it('takes a message that is just small enough', async () => {
    const data = Buffer.alloc(GRPC_POLICY.maxRequestBytes - 100)
    await server.inference.unary('Predictions', { ...REQUEST, input: { data } })
  })

  it('lets a client send a large message without waiting for it to be taken bit by bit', async () => {
    const session = connectHttp2(`http://${server.targets[0] ?? ''}`)
    const [settings] = (await once(session, 'remoteSettings')) as [Settings]
    assert.equal(settings.initialWindowSize, 4 * 2 ** 20)
    assert.equal(settings.maxConcurrentStreams, 1000)
    // Its connection's window is told after the settings.
    await new Promise((resolve) => session.ping(resolve))
    assert.equal(session.state.remoteWindowSize, 16 * 2 ** 20)
    session.destroy()
  })

  it("says that bytes are no message: the fault is not the server's", async () => {
    const error = await server.inference.raw('Predictions', Buffer.from([0x0f]))
    assert.equal(error?.code, status.INVALID_ARGUMENT)
    assert.match(error.details, /not a PredictionsRequest/)
    assert.deepEqual(server.failures, [])
  })

  it('outlives a client that speaks HTTP/1.1', async () => {
    const socket = connect(port(server.targets[0] ?? ''), '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    socket.on('error', () => undefined).resume()
    await once(socket, 'close')
    await server.inference.unary('Ping', {})
  })

  it('refuses what is not gRPC', async () => {
    const session = connectHttp2(`http://${server.targets[0] ?? ''}`)
    const stream = session.request({ ':path': PREDICTIONS, ':method': 'POST', 'content-type': 'text/plain' })
    stream.end('x')
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
    assert.equal(headers[':status'], 415)
    session.destroy()
  })

  it('does not know a method that does not exist', async () => {
    const session = connectHttp2(`http://${server.targets[0] ?? ''}`)
    const stream = session.request({
      ':path': '/no.such/Method',
      ':method': 'POST',
      'content-type': 'application/grpc',
    })
    stream.end()
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
    assert.equal(headers['grpc-status'], String(status.UNIMPLEMENTED))
    session.destroy()
  })

  it('gives up on a message that does not arrive', async () => {
    const slow = await GrpcFixture.open({ policy: { requestTimeoutMs: 50 } })
    const session = connectHttp2(`http://${slow.targets[0] ?? ''}`)
    const stream = session.request({
      ':path': PREDICTIONS,
      ':method': 'POST',
      'content-type': 'application/grpc',
    })
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
    assert.equal(headers['grpc-status'], String(status.DEADLINE_EXCEEDED))
    assert.deepEqual(
      slow.calls.map((call) => call.status),
      ['deadline_exceeded'],
    )
    session.destroy()
    await slow.close()
  })

  it('gives up on a request that does not end, though its message is there', async () => {
    const slow = await GrpcFixture.open({ policy: { requestTimeoutMs: 50 } })
    const session = connectHttp2(`http://${slow.targets[0] ?? ''}`)
    const stream = session.request({
      ':path': PREDICTIONS,
      ':method': 'POST',
      'content-type': 'application/grpc',
    })
    stream.write(Buffer.from('00000000080a06646967697473', 'hex')) // model_name: 'digits'
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
    assert.equal(headers['grpc-status'], String(status.DEADLINE_EXCEEDED))
    assert.deepEqual(slow.dataPlane.heads, [])
    session.destroy()
    await slow.close()
  })
})

describe('closing a gRPC listener', () => {
  let server: GrpcFixture
  const arrived = () => {
    const start = gate<AbortSignal>()
    const answer = gate()
    server.dataPlane.onRun = async (_payload, { signal }) => {
      start.open(signal)
      await answer.promise
      return bytesResponse('late')
    }
    return { start, answer }
  }
  beforeEach(async () => {
    server = await GrpcFixture.open()
  })
  afterEach(() => server.close())

  const closeAll = (timeoutMs: number) =>
    Promise.all(server.listeners.map((listener) => listener.close(timeoutMs)))

  it('answers the calls that arrived before, and only then resolves', async () => {
    const { start, answer } = arrived()
    const client = server.inference
    const replies = [client.unary('Predictions', REQUEST), client.unary('Predictions', REQUEST)]
    await start.promise
    const closed = closeAll(5000)
    answer.open()
    for (const { message } of await Promise.all(replies)) assert.equal(String(message['prediction']), 'late')
    await closed
  })

  it('loses no call of many that are on their way', async () => {
    const client = server.inference
    await client.unary('Ping', {})
    let answered = 0
    server.dataPlane.onRun = () => {
      answered++
      return Promise.resolve(bytesResponse('1'))
    }
    const replies = Array.from({ length: 200 }, () =>
      client.unary('Predictions', REQUEST).then(
        () => 'ok',
        ({ code }: { code: number }) => status[code],
      ),
    )
    await new Promise((resolve) => setImmediate(resolve))
    await closeAll(5000)
    const outcomes = await Promise.all(replies)
    assert.equal(outcomes.filter((outcome) => outcome === 'ok').length, answered)
    assert.deepEqual(
      [...new Set(outcomes)].filter((outcome) => outcome !== 'ok' && outcome !== 'UNAVAILABLE'),
      [],
    )
  })

  it('refuses new connections while calls finish', async () => {
    const { start, answer } = arrived()
    const reply = server.inference.unary('Predictions', REQUEST)
    await start.promise
    const closed = closeAll(5000)
    const late = await server.client(INFERENCE).failure('Ping', {})
    assert.equal(late.code, status.UNAVAILABLE)
    answer.open()
    await reply
    await closed
  })

  it('waits for a message that is arriving', async () => {
    const session = connectHttp2(`http://${server.targets[0] ?? ''}`)
    const stream = session.request({
      ':path': PREDICTIONS,
      ':method': 'POST',
      'content-type': 'application/grpc',
    })
    const bytes = Buffer.from('0a06646967697473', 'hex') // model_name: 'digits'
    stream.write(Buffer.from([0, 0, 0, 0, bytes.length]))
    await once(session, 'localSettings')
    await server.inference.unary('Ping', {})
    const closed = closeAll(5000)
    stream.resume().end(bytes)
    const [trailers] = (await once(stream, 'trailers')) as [Record<string, unknown>]
    assert.equal(trailers['grpc-status'], '0')
    await closed
  })

  it('closes idle connections at once', async () => {
    await server.inference.unary('Ping', {})
    await closeAll(60_000)
  })

  it('ends streams whose clients could send more, after what they have sent is answered', async () => {
    const { start, answer } = arrived()
    const stream = server.inference.bidi('StreamPredictions2')
    stream.write(REQUEST)
    await start.promise
    const closed = closeAll(5000)
    answer.open()
    const { messages, code } = await stream.ended
    assert.deepEqual(
      [messages.map(({ prediction }) => String(prediction)), code],
      [['late'], status.UNAVAILABLE],
    )
    await closed
  })

  it('cuts what is left when its time is over, and tells the handler', async () => {
    const { start } = arrived()
    const failed = server.inference.failure('Predictions', REQUEST)
    const signal = await start.promise
    await closeAll(10)
    assert.equal((await failed).code, status.UNAVAILABLE)
    assert.equal(signal.aborted, true)
  })
})

describe('an address for gRPC that is taken', () => {
  it('is named with its setting', async () => {
    const [first, second] = [await GrpcFixture.open(), new GrpcFixture()]
    const listener = second.listener()
    const taken = { host: '127.0.0.1', port: port(first.targets[0] ?? '') }
    await assert.rejects(listener.listen(taken, 'grpc_inference_port'), {
      code: 'failed_precondition',
      message: /cannot listen on grpc_inference_port 127\.0\.0\.1:\d+: another process listens there/,
    })
    await first.close()
  })
})
