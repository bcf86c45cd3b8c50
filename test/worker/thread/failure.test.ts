import assert from 'node:assert/strict'
import { PredictionException, HandlerError } from '../../../worker/handler.ts'
import { clientErrorOf } from '../../../worker/thread/failure.ts'

describe('clientErrorOf', () => {
  const STATUSES = [
    { status: 400, code: 'invalid_argument' },
    { status: 422, code: 'invalid_argument' },
    { status: 404, code: 'not_found' },
    { status: 429, code: 'resource_exhausted' },
    { status: 500, code: 'internal' },
    { status: 503, code: 'unavailable' },
    { status: 599, code: 'internal' },
  ]
  for (const { status, code } of STATUSES) {
    it(`takes a PredictionException of status ${status} for ${code}, and keeps the status`, () => {
      const error = clientErrorOf(new PredictionException('why', status), 'm')
      assert.deepEqual([error?.code, error?.status, error?.message], [code, status, 'why'])
    })
  }

  const IMPOSSIBLE = [
    { thrown: new PredictionException('why', 200), kind: 'PredictionException', status: 200 },
    { thrown: new HandlerError('internal', 'why', { status: 42 }), kind: 'HandlerError', status: 42 },
    { thrown: new HandlerError('internal', 'why', { status: 1e9 }), kind: 'HandlerError', status: 1e9 },
  ]
  for (const { thrown, kind, status } of IMPOSSIBLE) {
    it(`names the status ${status} of a ${kind}, which no error can have`, () => {
      const error = clientErrorOf(thrown, 'm')
      assert.deepEqual([error?.code, error?.status], ['internal', undefined])
      const text = `the handler threw a ${kind} of status ${status}, allowed are 400 to 599: why`
      assert.equal(error?.message, text)
    })
  }

  it('keeps the status that a HandlerError has', () => {
    const error = new HandlerError('invalid_argument', 'why', { status: 422 })
    assert.equal(clientErrorOf(error, 'm'), error)
  })

  const SHORTAGES = [
    new RangeError('Array buffer allocation failed'),
    new Error('Failed to allocate memory for requested buffer of size 8000000000'),
    new Error('CUDA failure 2: out of memory'),
    new Error('std::bad_alloc'),
  ]
  for (const shortage of SHORTAGES) {
    it(`takes '${shortage.message}' for a lack of memory`, () => {
      const error = clientErrorOf(shortage, "model 'm/1', in inference,")
      assert.deepEqual(
        [error?.code, error?.reason, error?.cause],
        ['resource_exhausted', 'worker_memory', shortage],
      )
      assert.match(
        error?.message ?? '',
        /^model 'm\/1', in inference, ran out of memory; send a smaller request/,
      )
    })
  }

  it('shows an error made for clients as it is, and nothing of a bug', () => {
    const error = new HandlerError('not_found', 'no such label')
    assert.equal(clientErrorOf(error, 'm'), error)
    assert.equal(clientErrorOf(new TypeError('secret'), 'm'), undefined)
  })
})
