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
import { errorDetails, type GrpcClient } from '../../../support/grpc-client.ts'
import { GrpcFixture } from '../../../support/grpc-fixture.ts'

const REQUEST = { model_name: 'digits', input: { data: Buffer.from('7') } }

function textOf(message: Record<string, unknown>): string {
  return (message['prediction'] as Buffer).toString()
}

describe('gRPC predictions that fail', () => {
  let server: GrpcFixture
  let client: GrpcClient
  beforeEach(async () => {
    server = await GrpcFixture.open()
    client = server.inference
  })
  afterEach(() => server.close())

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
})
