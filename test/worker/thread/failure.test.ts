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

  it('names a status that no error can have', () => {
    const error = clientErrorOf(new PredictionException('why', 200), 'm')
    assert.deepEqual([error?.code, error?.status], ['internal', undefined])
    assert.match(error?.message ?? '', /of status 200, allowed are 400 to 599: why/)
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
