import assert from 'node:assert/strict'
import { isServingError, refusal } from '../../../worker/contract/errors.ts'

describe('refusal', () => {
  it('is an error of its code and reason, without a stack', () => {
    const error = refusal('resource_exhausted', 'the queue is full', { reason: 'queue_full' })
    assert.deepEqual(
      [error.code, error.reason, isServingError(error)],
      ['resource_exhausted', 'queue_full', true],
    )
    assert.doesNotMatch(error.stack ?? '', /\n\s+at /)
  })

  it('leaves other errors their stacks', () => {
    refusal('unavailable', 'it is loading')
    assert.match(new Error('a bug').stack ?? '', /\n\s+at /)
  })
})
