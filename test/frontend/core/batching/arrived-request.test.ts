import assert from 'node:assert/strict'
import { pendingFromArrived } from '../../../../frontend/core/batching/arrived-request.ts'
import { settings } from '../../../support/artefacts.ts'

const HEAD = {
  requestId: 'r',
  model: { name: 'm' },
  headers: {},
  signal: new AbortController().signal,
}
const INPUTS = [{ name: 'ids', dtype: 'FP32', shape: ['batch', 'length'] }] as const

/** The bucket of a request of so many elements. */
function bucketOf(length: number, padding?: { readonly buckets: Record<string, number[]> }): string {
  const tensors = [
    { name: 'ids', dtype: 'FP32', shape: [1, length], data: new Float32Array(length) },
  ] as const
  const arrived = { arrivedAtMs: 0, payload: { kind: 'tensors', tensors } } as const
  return pendingFromArrived(HEAD, arrived, { settings: settings({ padding }), inputs: INPUTS }).init.bucket
}

describe('pendingFromArrived', () => {
  const padding = { buckets: { length: [4, 8] } }

  it('keeps requests of different length apart without padding', () => {
    assert.notEqual(bucketOf(2), bucketOf(3))
  })

  it('lets requests that are padded to one length share a batch', () => {
    assert.equal(bucketOf(2, padding), bucketOf(4, padding))
    assert.notEqual(bucketOf(4, padding), bucketOf(5, padding))
    assert.notEqual(bucketOf(9, padding), bucketOf(10, padding))
  })
})
