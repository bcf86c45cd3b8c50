import assert from 'node:assert/strict'
import { batcherFixture } from '../../../support/batcher-fixture.ts'
import { settlePromises } from '../../../support/fake-clock.ts'

describe('several batches in flight', () => {
  const fixture = (threads: readonly number[] = [1]) =>
    batcherFixture({ threads, limits: { maxBatchRows: 1 }, maxBatchesInFlight: 2 })

  it('gives a worker its next batch before it has answered the last', () => {
    const { push, running } = fixture()
    for (const id of ['a', 'b', 'c']) push(id)
    assert.deepEqual(running(), ['a', 'b'])
  })

  it('fills idle processes first', () => {
    const { push, running } = fixture([1, 1])
    for (const id of ['a', 'b', 'c', 'd', 'e']) push(id)
    assert.deepEqual(running(), ['a', 'c', 'b', 'd'])
  })

  it('takes answers in any order', async () => {
    const { push, workers, outcomeOf } = fixture()
    for (const id of ['a', 'b']) push(id)
    workers.batches[1]?.answer()
    assert.deepEqual([await outcomeOf('a'), await outcomeOf('b')], ['pending', 'b'])
    workers.batches[0]?.answer()
    assert.equal(await outcomeOf('a'), 'a')
  })

  it('tries every batch again that a process dies with, each request alone', async () => {
    const { push, running, workers, clock, outcomeOf } = fixture()
    for (const id of ['a', 'b', 'c']) push(id)
    workers.latest().exit()
    await clock.advance(0)
    workers.latest().ready()
    await settlePromises()
    assert.deepEqual(running(), ['a'])
    workers.batches[0]?.answer()
    await settlePromises()
    assert.deepEqual(running(), ['b'])
    workers.batches[0]?.answer()
    await settlePromises()
    workers.batches[0]?.answer()
    assert.deepEqual([await outcomeOf('a'), await outcomeOf('b'), await outcomeOf('c')], ['a', 'b', 'c'])
  })

  it('leaves a worker alone whose second batch had to wait for the first', async () => {
    const { push, workers, clock } = fixture()
    push('a')
    push('b')
    await clock.advance(1500)
    assert.deepEqual(workers.latest().kills, [])
    await clock.advance(1000)
    assert.deepEqual(workers.processes[0]?.kills[0], {
      cause: 'timeout',
      detail: 'a batch took longer than 2000 ms',
    })
  })
})
