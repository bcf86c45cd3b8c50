import assert from 'node:assert/strict'
import { OrderedBatcher } from '../../../../../frontend/core/batching/scheduling/ordered-batcher.ts'
import { ServingError } from '../../../../../worker/contract/errors.ts'
import { batcherFixture } from '../../../../support/batcher-fixture.ts'
import { settlePromises } from '../../../../support/fake-clock.ts'
import { failure } from '../../../../support/fake-worker-process.ts'
import { pendingRequest } from '../../../../support/pending-requests.ts'
import { workerSet } from '../../../../support/worker-sets.ts'

/** Two workers, each with a batch of one request, behind a batcher that keeps the order of answers. */
function fixture() {
  const { clock, workers, batcher: inner } = batcherFixture({ threads: [1, 1], limits: { maxBatchRows: 1 } })
  const batcher = new OrderedBatcher({ model: { name: 'm', version: '1' }, clock, batcher: inner })
  const left: string[] = []
  function push(...ids: string[]): void {
    for (const id of ids) pushFor(1000, id)
  }
  function pushFor(timeoutMs: number, id: string): void {
    const arrivedAtMs = clock.nowMs()
    const request = pendingRequest({ id, arrivedAtMs, deadlineMs: arrivedAtMs + timeoutMs })
    void request.outcome.then((outcome) => {
      left.push(outcome.ok ? id : `${id}: ${outcome.error.code}`)
    })
    batcher.push(request)
  }
  const batchOf = (id: string) => workers.batches.find(({ ids }) => ids === id)
  return { clock, workers, batcher, push, pushFor, left, batchOf }
}

describe('OrderedBatcher', () => {
  it('holds an answer back until those before it have left', async () => {
    const { push, left, batchOf } = fixture()
    push('a', 'b', 'c')
    batchOf('b')?.answer()
    await settlePromises()
    batchOf('c')?.answer()
    await settlePromises()
    assert.deepEqual(left, [])
    batchOf('a')?.answer()
    await settlePromises()
    assert.deepEqual(left, ['a', 'b', 'c'])
  })

  it('lets an error leave at once, and what waited for it', async () => {
    const { push, left, batchOf } = fixture()
    push('a', 'b', 'c')
    batchOf('b')?.answer()
    await settlePromises()
    batchOf('c')?.answer(() => failure('invalid_argument', 'no'))
    await settlePromises()
    assert.deepEqual(left, ['c: invalid_argument'])
    batchOf('a')?.answer(() => failure('internal', 'no'))
    await settlePromises()
    assert.deepEqual(left, ['c: invalid_argument', 'a: internal', 'b'])
  })

  it('does not let an answer wait beyond its deadline', async () => {
    const { clock, push, pushFor, left, batchOf } = fixture()
    push('a')
    pushFor(300, 'b')
    batchOf('b')?.answer()
    await clock.advance(280)
    assert.deepEqual(left, [])
    await clock.advance(40)
    assert.deepEqual(left, ['b: deadline_exceeded'])
    batchOf('a')?.answer()
    await settlePromises()
    assert.deepEqual(left, ['b: deadline_exceeded', 'a'])
  })

  it('tells what waits in the batcher behind it', () => {
    const { batcher, push } = fixture()
    push('a', 'b', 'c', 'd')
    assert.equal(batcher.queuedRequests, 2)
  })

  it('fails what has no answer when it is closed, and gives the answers that it holds', async () => {
    const { batcher, push, left, batchOf } = fixture()
    push('a', 'b')
    batchOf('b')?.answer()
    await settlePromises()
    batcher.close(new ServingError('unavailable', 'it leaves'))
    await settlePromises()
    assert.deepEqual(left, ['a: unavailable', 'b'])
  })

  it('keeps the order over other workers', async () => {
    const { batcher, clock, workers, push, left, batchOf } = fixture()
    push('a', 'b')
    const set = workerSet({ workers, clock, threads: [1] })
    workers.latest().ready()
    await batcher.useRunners(set)
    push('c')
    batchOf('c')?.answer()
    await settlePromises()
    assert.deepEqual(left, [])
    batchOf('b')?.answer()
    batchOf('a')?.answer()
    await settlePromises()
    assert.deepEqual(left, ['a', 'b', 'c'])
  })
})
