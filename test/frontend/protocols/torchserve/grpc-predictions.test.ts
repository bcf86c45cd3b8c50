import { status } from '@grpc/grpc-js'
import assert from 'node:assert/strict'
import { modelNotFound } from '../../../../frontend/core/errors.ts'
import { bytesResponse } from '../../../support/fake-planes.ts'
import { gate } from '../../../support/gate.ts'
import { inferenceService } from '../../../../frontend/protocols/torchserve/grpc.ts'
import { quirksOf } from '../../../../frontend/protocols/torchserve/quirks.ts'
import { GrpcClient, INFERENCE } from '../../../support/grpc-client.ts'
import { GrpcFixture } from '../../../support/grpc-fixture.ts'

const REQUEST = { model_name: 'digits', input: { data: Buffer.from('7') } }

function textOf(message: Record<string, unknown>): string {
  return (message['prediction'] as Buffer).toString()
}

describe('gRPC predictions', () => {
  let server: GrpcFixture
  let client: GrpcClient
  beforeEach(async () => {
    server = await GrpcFixture.open()
    client = server.inference
  })
  afterEach(() => server.close())

  const TARGETS = [
    { request: { model_name: 'digits' }, model: { name: 'digits' } },
    { request: { model_name: 'digits', model_version: '2.0' }, model: { name: 'digits', version: '2.0' } },
  ]
  for (const { request, model } of TARGETS) {
    it(`of ${JSON.stringify(request)} ask for ${JSON.stringify(model)}`, async () => {
      await client.unary('Predictions', request)
      assert.deepEqual(server.dataPlane.heads[0]?.model, model)
    })
  }

  it('answer what the handler answered', async () => {
    const { message } = await client.unary('Predictions', REQUEST)
    assert.deepEqual(
      [textOf(message), message['sequence_id'], message['status']],
      ['{"7":0.9}', undefined, undefined],
    )
  })

  it('answer tensors as the JSON that HTTP carries', async () => {
    const tensor = { name: 'y', dtype: 'FP32', shape: [1, 2], data: Float32Array.of(0.5, 1) } as const
    server.dataPlane.outcome = bytesResponse('', { payload: { kind: 'tensors', tensors: [tensor] } })
    assert.equal(textOf((await client.unary('Predictions', REQUEST)).message), '{"y":[[0.5,1]]}')
  })

  it('give the handler each entry of the map as a part without content type', async () => {
    const input = { data: Buffer.from([0xff, 0]), ['__proto__']: Buffer.from('p') }
    await client.unary('Predictions', { model_name: 'digits', input })
    const parts = Object.entries(input).map(([name, bytes]) => ({ name, bytes }))
    assert.deepEqual(server.dataPlane.payloads, [{ kind: 'parts', parts }])
  })

  it('give the handler the metadata of the call as headers', async () => {
    const metadata = { 'x-mine': 'y', traceparent: '00-1-2-01', 'blob-bin': Buffer.from('b') }
    await client.unary('Predictions', REQUEST, { metadata })
    const headers = server.dataPlane.heads[0]?.headers ?? {}
    assert.deepEqual(
      [headers['x-mine'], headers['traceparent'], headers['blob-bin']],
      ['y', '00-1-2-01', Buffer.from('b').toString('base64')],
    )
  })

  it("keep the caller's request id, and answer it", async () => {
    const { headers } = await client.unary('Predictions', REQUEST, { metadata: { 'x-request-id': 'r1' } })
    assert.deepEqual([server.dataPlane.heads[0]?.requestId, headers['x-request-id']], ['r1', 'r1'])
  })

  it('answer the request id with an error too', async () => {
    server.dataPlane.admission = modelNotFound('digits', [])
    const error = await client.failure('Predictions', REQUEST, { metadata: { 'x-request-id': 'r1' } })
    assert.deepEqual(error.metadata.get('x-request-id'), ['r1'])
  })

  it('tell admission how large the input is', async () => {
    await client.unary('Predictions', {
      model_name: 'digits',
      input: { a: Buffer.alloc(3), b: Buffer.alloc(4) },
    })
    assert.equal(server.dataPlane.heads[0]?.announcedBytes, 7)
  })

  it("give the caller's deadline to admission", async () => {
    await client.unary('Predictions', REQUEST, { deadline: Date.now() + 4000 })
    const timeoutMs = server.dataPlane.heads[0]?.timeoutMs ?? 0
    assert.ok(timeoutMs > 1000 && timeoutMs <= 4000, String(timeoutMs))
  })

  it('have no deadline when the caller set none', async () => {
    await client.unary('Predictions', REQUEST)
    assert.equal(server.dataPlane.heads[0]?.timeoutMs, undefined)
  })

  it("send the handler's headers as metadata, except those of the protocol", async () => {
    const headers = {
      'X-Mine': 'y',
      'content-type': 'text/plain',
      'grpc-status': '3',
      'x-bad': 'a\nb',
    }
    server.dataPlane.outcome = bytesResponse('1', { headers })
    const reply = await client.unary('Predictions', REQUEST)
    assert.deepEqual(
      [reply.headers['x-mine'], reply.headers['content-type'], reply.headers['x-bad']],
      ['y', 'application/grpc+proto', undefined],
    )
  })

  it('answer the id of the sequence that the handler saw', async () => {
    server.dataPlane.outcome = bytesResponse('1', { headers: { ts_request_sequence_id: 'ts-seq-1' } })
    const { message } = await client.unary('Predictions', REQUEST)
    assert.equal(message['sequence_id'], 'ts-seq-1')
  })

  const SEQUENCES = [
    { metadata: {}, sequence: { start: false, end: false } },
    { metadata: { ts_request_sequence_id: 's2' }, sequence: { id: 's2', start: false, end: false } },
    {
      metadata: { ts_request_sequence_start: 'true', ts_request_sequence_end: 'True' },
      sequence: { start: true, end: true },
    },
  ]
  for (const { metadata, sequence } of SEQUENCES) {
    it(`are marked ${JSON.stringify(sequence)} by the metadata ${JSON.stringify(metadata)}`, async () => {
      await client.unary('Predictions', REQUEST, { metadata })
      assert.deepEqual(server.dataPlane.heads[0]?.sequence, sequence)
    })
  }

  it('are marked by metadata of other names where these are given', async () => {
    const { dataPlane } = server
    const sequenceHeaders = { id: 'x-id', start: 'x-start', end: 'x-end' }
    const renamed = inferenceService({ dataPlane, hasQuirk: quirksOf('strict'), sequenceHeaders })
    const listener = server.listener([renamed])
    const target = await listener.listen({ host: '127.0.0.1', port: 0 }, 'grpc_test_port')
    const caller = new GrpcClient(target, INFERENCE)
    const metadata = { 'x-id': 's3', 'x-end': 'true', ts_request_sequence_id: 's4' }
    await caller.unary('Predictions', REQUEST, { metadata })
    assert.deepEqual(dataPlane.heads[0]?.sequence, { id: 's3', start: false, end: true })
    caller.close()
    await listener.close(0)
  })

  it('mark a request with the sequence that it names', async () => {
    const { message } = await client.unary('Predictions', { ...REQUEST, sequence_id: 's1' })
    assert.deepEqual(server.dataPlane.heads[0]?.sequence, { id: 's1', start: false, end: false })
    assert.equal(message['sequence_id'], 's1')
  })

  it('are dropped when the caller cancels', async () => {
    const arrived = gate<AbortSignal>()
    server.dataPlane.onRun = (_payload, head) => {
      arrived.open(head.signal)
      return new Promise(() => undefined)
    }
    const caller = new AbortController()
    const failed = client.failure('Predictions', REQUEST, { signal: caller.signal })
    const signal = await arrived.promise
    caller.abort()
    assert.equal((await failed).code, status.CANCELLED)
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => {
        resolve()
      })
      if (signal.aborted) resolve()
    })
    assert.deepEqual(
      server.calls.map((call) => call.status),
      ['cancelled'],
    )
  })

  it('end with DEADLINE_EXCEEDED when the deadline is over, and are dropped', async () => {
    const aborted = gate()
    server.dataPlane.onRun = (_payload, { signal }) => {
      signal.addEventListener('abort', () => {
        aborted.open()
      })
      return new Promise(() => undefined)
    }
    const { code } = await client.failure('Predictions', REQUEST, { deadline: Date.now() + 100 })
    assert.equal(code, status.DEADLINE_EXCEEDED)
    await aborted.promise
  })

  it('leave a record of the call', async () => {
    await client.unary('Predictions', REQUEST, { metadata: { 'x-request-id': 'r1' } })
    const { durationMs, ...record } = server.calls[0] ?? { durationMs: -1 }
    assert.ok(durationMs >= 0)
    assert.deepEqual(record, {
      path: '/org.pytorch.serve.grpc.inference.InferenceAPIsService/Predictions',
      status: 'ok',
      requestId: 'r1',
      model: 'digits/1.0',
      requestBytes: 19,
      responseBytes: 11,
    })
  })
})

describe('gRPC Ping', () => {
  let server: GrpcFixture
  beforeEach(async () => {
    server = await GrpcFixture.open()
  })
  afterEach(() => server.close())

  it('answers the JSON of /ping, healthy', async () => {
    const { message } = await server.inference.unary('Ping', {})
    assert.deepEqual(JSON.parse(String(message['health'])), { status: 'Healthy' })
  })

  it('answers the JSON of /ping, unhealthy, with the reason', async () => {
    server.dataPlane.currentHealth = {
      ...server.dataPlane.currentHealth,
      ready: false,
      reason: 'it is loading',
    }
    const { message } = await server.inference.unary('Ping', {})
    assert.deepEqual(JSON.parse(String(message['health'])), { status: 'Unhealthy', reason: 'it is loading' })
  })
})
