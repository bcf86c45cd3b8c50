import { status } from '@grpc/grpc-js'
import assert from 'node:assert/strict'
import {
  deadlineExceeded,
  modelNotFound,
  queueFull,
  versionNotFound,
} from '../../../../frontend/core/errors.ts'
import { ServingError } from '../../../../worker/contract/errors.ts'
import { bytesResponse, DIGITS } from '../../../support/fake-planes.ts'
import { gate } from '../../../support/gate.ts'
import { errorDetails, type GrpcClient } from '../../../support/grpc-client.ts'
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

  it('mark a request with the sequence that it names', async () => {
    const { message } = await client.unary('Predictions', { ...REQUEST, sequence_id: 's1' })
    assert.deepEqual(server.dataPlane.heads[0]?.sequence, { id: 's1', start: false, end: false })
    assert.equal(message['sequence_id'], 's1')
  })

  const ERRORS = [
    { error: modelNotFound('digits', []), code: status.NOT_FOUND, reason: 'MODEL' },
    {
      error: versionNotFound({ name: 'digits', version: '9' }, ['1.0']),
      code: status.NOT_FOUND,
      reason: 'VERSION',
    },
    { error: queueFull(DIGITS, 10, 1500), code: status.RESOURCE_EXHAUSTED, reason: 'QUEUE_FULL' },
    { error: deadlineExceeded(DIGITS, 5, 'queue'), code: status.DEADLINE_EXCEEDED, reason: 'QUEUE' },
    {
      error: new ServingError('unauthenticated', 'x'),
      code: status.UNAUTHENTICATED,
      reason: 'UNAUTHENTICATED',
    },
    {
      error: new ServingError('permission_denied', 'x'),
      code: status.PERMISSION_DENIED,
      reason: 'PERMISSION_DENIED',
    },
    { error: new ServingError('unimplemented', 'x'), code: status.UNIMPLEMENTED, reason: 'UNIMPLEMENTED' },
    { error: new ServingError('unavailable', 'x'), code: status.UNAVAILABLE, reason: 'UNAVAILABLE' },
    { error: new ServingError('internal', 'x'), code: status.INTERNAL, reason: 'INTERNAL' },
  ]
  for (const { error, code, reason } of ERRORS) {
    it(`end with ${status[code]} on ${error.code} (${error.reason ?? 'no reason'}), with its words and reason`, async () => {
      server.dataPlane.outcome = error
      const failure = await client.failure('Predictions', REQUEST)
      assert.deepEqual([failure.code, failure.details], [code, error.message])
      assert.deepEqual(errorDetails(failure)['google.rpc.ErrorInfo'], {
        reason,
        domain: 'onnxserve',
        metadata: {},
      })
    })
  }

  it('say when to try again', async () => {
    server.dataPlane.admission = queueFull(DIGITS, 10, 1500)
    const failure = await client.failure('Predictions', REQUEST)
    assert.deepEqual(errorDetails(failure)['google.rpc.RetryInfo'], {
      retry_delay: { seconds: 1, nanos: 500_000_000 },
    })
  })

  it("hide what is a bug, and report it with the call's id", async () => {
    server.dataPlane.outcome = new Error('secret') // a bug is no outcome of the plane
    const failure = await client.failure('Predictions', REQUEST, { metadata: { 'x-request-id': 'r1' } })
    assert.equal(failure.code, status.INTERNAL)
    assert.doesNotMatch(failure.details, /secret/)
    assert.deepEqual(
      server.failures.map(({ error, requestId }) => [(error.cause as Error).message, requestId]),
      [['secret', 'r1']],
    )
  })

  it('can word anything: lone surrogates, line breaks, very long texts', async () => {
    server.dataPlane.outcome = new ServingError('invalid_argument', `\uD800 %\n${'ü'.repeat(10_000)}`)
    const { code, details } = await client.failure('Predictions', REQUEST)
    assert.equal(code, status.INVALID_ARGUMENT)
    assert.match(details, /^\uFFFD %\nü{100}/)
  })

  const HANDLER_STATUSES = [
    { status: 200, code: 'OK' },
    { status: 400, code: 'INVALID_ARGUMENT' },
    { status: 404, code: 'NOT_FOUND' },
    { status: 429, code: 'RESOURCE_EXHAUSTED' },
    { status: 418, code: 'INVALID_ARGUMENT' },
    { status: 503, code: 'UNAVAILABLE' },
    { status: 599, code: 'INTERNAL' },
  ]
  for (const c of HANDLER_STATUSES) {
    it(`end with ${c.code} when the handler answers ${c.status}, with its words`, async () => {
      server.dataPlane.outcome = bytesResponse('words', { status: c.status })
      const found = await client.unary('Predictions', REQUEST).then(
        ({ message }) => [status.OK, textOf(message)],
        (error: { code: number; details: string }) => [error.code, error.details],
      )
      assert.deepEqual(found, [status[c.code as keyof typeof status], 'words'])
    })
  }

  it('refuse a request without a model', async () => {
    const { code, details } = await client.failure('Predictions', {})
    assert.equal(code, status.INVALID_ARGUMENT)
    assert.match(details, /'model_name' is required/)
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
