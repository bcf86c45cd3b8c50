import assert from 'node:assert/strict'
import { renderError } from '../../../../frontend/protocols/torchserve/errors.ts'
import { renderErrorWith } from '../../../../frontend/protocols/torchserve/error-quirks.ts'
import { COMPATIBILITIES, quirksOf } from '../../../../frontend/protocols/torchserve/quirks.ts'
import { ERROR_CODES, ServingError, type ErrorCode } from '../../../../worker/contract/errors.ts'

type Case = readonly [code: ErrorCode, reason: string | undefined, status: number, type: string]

const CASES: readonly Case[] = [
  ['invalid_argument', undefined, 400, 'BadRequestException'],
  ['invalid_argument', 'archive', 400, 'InvalidModelException'],
  ['invalid_argument', 'model_config', 400, 'InvalidModelException'],
  ['invalid_argument', 'unsupported_encoding', 415, 'UnsupportedMediaTypeException'],
  ['invalid_argument', 'headers_too_large', 431, 'RequestHeaderFieldsTooLargeException'],
  ['invalid_argument', 'version', 400, 'BadRequestException'],
  ['unauthenticated', 'token', 401, 'InvalidKeyException'],
  ['permission_denied', 'scope', 403, 'InvalidKeyException'],
  ['not_found', 'route', 404, 'ResourceNotFoundException'],
  ['not_found', 'workflow', 404, 'WorkflowNotFoundException'],
  ['not_found', 'model', 404, 'ModelNotFoundException'],
  ['not_found', 'archive', 404, 'ModelNotFoundException'],
  ['not_found', 'version', 404, 'ModelVersionNotFoundException'],
  ['already_exists', 'version', 409, 'ConflictStatusException'],
  ['failed_precondition', undefined, 409, 'ConflictStatusException'],
  ['failed_precondition', 'default_version', 403, 'InvalidModelVersionException'],
  ['resource_exhausted', 'queue_full', 503, 'ServiceUnavailableException'],
  ['resource_exhausted', 'body_too_large', 413, 'RequestEntityTooLargeException'],
  ['resource_exhausted', 'disk_full', 507, 'InternalServerException'],
  ['resource_exhausted', 'memory', 507, 'InternalServerException'],
  ['resource_exhausted', 'worker_memory', 507, 'InternalServerException'],
  ['deadline_exceeded', 'queue', 504, 'GatewayTimeoutException'],
  ['deadline_exceeded', 'request_timeout', 408, 'RequestTimeoutException'],
  ['cancelled', 'client_gone', 499, 'ClientClosedRequestException'],
  ['unavailable', 'no_worker', 503, 'ServiceUnavailableException'],
  ['unimplemented', undefined, 501, 'NotImplementedException'],
  ['unimplemented', 'method', 405, 'MethodNotAllowedException'],
  ['internal', 'worker_crashed', 500, 'InternalServerException'],
]

function render(code: ErrorCode, reason?: string, retryAfterMs?: number) {
  const options = {
    ...(reason === undefined ? {} : { reason }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
  return renderError(new ServingError(code, 'what happened', options))
}

describe('an error in the TorchServe dialect', () => {
  for (const [code, reason, status, type] of CASES) {
    it(`is ${status} ${type} for ${code}${reason === undefined ? '' : ` (${reason})`}`, () => {
      const answer = render(code, reason)
      assert.equal(answer.status, status)
      assert.equal(
        answer.body,
        `{\n  "code": ${status},\n  "type": "${type}",\n  "message": "what happened"\n}\n`,
      )
      assert.equal(answer.headers['content-type'], 'application/json')
    })
  }

  it('exists for every code', () => {
    assert.deepEqual(new Set(CASES.map(([code]) => code)), new Set(ERROR_CODES))
  })

  const RETRIES = [
    { retryAfterMs: undefined, header: '1' },
    { retryAfterMs: 0, header: '1' },
    { retryAfterMs: 1000, header: '1' },
    { retryAfterMs: 1001, header: '2' },
  ]
  for (const { retryAfterMs, header } of RETRIES) {
    it(`says Retry-After: ${header} for ${retryAfterMs ?? 'no'} ms`, () => {
      const { headers } = render('unavailable', 'loading', retryAfterMs)
      assert.deepEqual([headers['retry-after'], headers['x-reject-reason']], [header, 'loading'])
    })
  }

  it('promises no retry where it would not help', () => {
    assert.deepEqual(Object.keys(render('internal').headers), ['content-type'])
  })

  for (const compatibility of COMPATIBILITIES) {
    for (const status of [413, 422, 503, 599]) {
      it(`has the status ${status} that a handler chose, with compatibility=${compatibility}`, () => {
        const error = new ServingError('internal', 'why', { reason: 'prediction', status })
        const answer = renderErrorWith(quirksOf(compatibility))(error)
        assert.equal(answer.status, status)
        assert.deepEqual(JSON.parse(String(answer.body)), {
          code: status,
          type: 'InternalServerException',
          message: 'why',
        })
      })
    }
  }
})
