import assert from 'node:assert/strict'
import { batcherFixture as fixture } from '../../../support/batcher-fixture.ts'
import { settlePromises, TurnClock } from '../../../support/fake-clock.ts'
import { echo, failure, FakeWorkers } from '../../../support/fake-worker-process.ts'
import { workerSet } from '../../../support/worker-sets.ts'

describe('Batcher', () => {
  describe('forming batches', () => {
    it('runs a request at once when a worker is free', async () => {
      const { push, running, workers, outcomeOf } = fixture()
      push('a')
      assert.deepEqual(running(), ['a'])
      workers.batches[0]?.answer()
      assert.equal(await outcomeOf('a'), 'a')
    })

    it('batches what arrives in one turn of the event loop, though a worker is free', () => {
      const clock = new TurnClock()
      const { push, running } = fixture({ clock })
      for (const id of ['a', 'b', 'c']) push(id)
      assert.deepEqual(running(), [])
      clock.endTurn()
      assert.deepEqual(running(), ['a b c'])
      push('d')
      clock.endTurn()
      assert.deepEqual(running(), ['a b c'])
    })

    it('batches what arrives while the worker is busy', async () => {
      const { push, running, workers, batchSizes } = fixture()
      for (const id of ['a', 'b', 'c', 'd']) push(id)
      assert.deepEqual(running(), ['a'])
      workers.batches[0]?.answer()
      await settlePromises()
      assert.deepEqual(running(), ['b c d'])
      workers.batches[0]?.answer()
      await settlePromises()
      assert.deepEqual(batchSizes, [1, 3])
    })

    it('never puts more rows into a batch than the limit', async () => {
      const { push, running, workers } = fixture()
      push('a')
      for (const id of ['b', 'c', 'd']) push(id, { rows: 2 })
      workers.batches[0]?.answer()
      await settlePromises()
      assert.deepEqual(running(), ['b c'])
    })

    it('keeps buckets apart', async () => {
      const { push, running, workers } = fixture()
      push('a')
      push('b', { bucket: 'long' })
      push('c', { bucket: 'short' })
      workers.batches[0]?.answer()
      await settlePromises()
      assert.deepEqual(running(), ['b'])
    })

    it('uses every free thread, the least busy process first', () => {
      const { push, running } = fixture({ threads: [2, 1] })
      for (const id of ['a', 'b', 'c', 'd']) push(id)
      assert.deepEqual(running(), ['a', 'c', 'b'])
    })

    it('queues until a worker is loaded', async () => {
      const { push, running, workers } = fixture({ isReady: false })
      push('a')
      push('b')
      assert.deepEqual(running(), [])
      workers.latest().ready()
      await settlePromises()
      assert.deepEqual(running(), ['a b'])
    })

    it('sends later batches to new workers, and lets those running finish', async () => {
      const { push, running, workers, batcher, clock, outcomeOf } = fixture()
      push('a')
      const next = new FakeWorkers()
      const set = workerSet({ workers: next, clock })
      next.latest().ready()
      batcher.useRunners(set)
      push('b')
      assert.deepEqual(running(), ['a'])
      assert.deepEqual(
        next.batches.map(({ ids }) => ids),
        ['b'],
      )
      workers.batches[0]?.answer()
      assert.equal(await outcomeOf('a'), 'a')
    })

    const HEADERS = [
      { it: 'sends headers to a handler that reads them', usesHeaders: true, headers: { accept: 'x' } },
      { it: 'sends no headers to a handler that does not', usesHeaders: false, headers: {} },
    ]
    for (const { it: claim, usesHeaders, headers } of HEADERS) {
      it(claim, () => {
        const { push, workers } = fixture({ isReady: false })
        workers.latest().ready(1, { usesHeaders })
        push('a', { headers: { accept: 'x' } })
        assert.deepEqual(workers.batches[0]?.requests[0]?.headers, headers)
      })
    }

    it('tells the worker how much time a request has left', async () => {
      const { push, workers, clock } = fixture()
      push('a')
      push('b')
      await clock.advance(300)
      workers.batches[0]?.answer()
      await settlePromises()
      assert.equal(workers.batches[0]?.requests[0]?.remainingMs, 700)
    })
  })

  describe('endings of a request', () => {
    it('gives each member its own answer or its own error', async () => {
      const { push, workers, outcomeOf } = fixture({ isReady: false })
      for (const id of ['a', 'b', 'c']) push(id)
      workers.latest().ready()
      const bad = failure('invalid_argument', 'not an image', 'image')
      workers.batches[0]?.answer((request, index) => (index === 1 ? bad : echo(request)))
      assert.equal(await outcomeOf('a'), 'a')
      assert.equal(await outcomeOf('b'), 'invalid_argument image')
      assert.equal(await outcomeOf('c'), 'c')
    })

    it('ends a request whose deadline passes in the queue, and never runs it', async () => {
      const { push, running, workers, clock, outcomeOf, outcomes } = fixture()
      push('a')
      push('b', { deadlineMs: 100 })
      await clock.advance(99)
      assert.equal(await outcomeOf('b'), 'pending')
      await clock.advance(21)
      assert.equal(await outcomeOf('b'), 'deadline_exceeded queue')
      assert.equal(outcomes.get('b')?.queueMs, 100)
      workers.batches[0]?.answer()
      await settlePromises()
      assert.deepEqual(running(), [])
    })

    it('never runs a request that expired between two sweeps', async () => {
      const { push, running, workers, clock, outcomeOf } = fixture()
      push('a')
      push('b', { deadlineMs: 110 })
      await clock.advance(115)
      workers.batches[0]?.answer()
      assert.equal(await outcomeOf('b'), 'deadline_exceeded queue')
      assert.deepEqual(running(), [])
    })

    it('ends a request whose deadline passes in the worker, and ignores the late answer', async () => {
      const { push, workers, clock, outcomeOf, restarts } = fixture()
      push('a', { deadlineMs: 100 })
      await clock.advance(120)
      assert.equal(await outcomeOf('a'), 'deadline_exceeded worker')
      workers.batches[0]?.answer()
      assert.equal(await outcomeOf('a'), 'deadline_exceeded worker')
      assert.deepEqual(restarts, [])
    })

    it('drops queued work whose client has gone', async () => {
      const { push, running, workers, clock, outcomeOf } = fixture()
      const client = new AbortController()
      push('a')
      push('b', { signal: client.signal })
      push('c')
      client.abort()
      await clock.advance(20)
      assert.equal(await outcomeOf('b'), 'cancelled client_gone')
      workers.batches[0]?.answer()
      await settlePromises()
      assert.deepEqual(running(), ['c'])
    })

    it('does not interrupt a batch whose client has gone', async () => {
      const { push, running, clock, outcomeOf, workers } = fixture()
      const client = new AbortController()
      push('a', { signal: client.signal })
      client.abort()
      await clock.advance(20)
      assert.equal(await outcomeOf('a'), 'cancelled client_gone')
      assert.deepEqual(running(), ['a'])
      assert.deepEqual(workers.latest().kills, [])
    })

    it('takes a member without a reply as lost, and tries it again', async () => {
      const { push, workers, running, outcomeOf } = fixture()
      push('a')
      workers.batches[0]?.reply([])
      await settlePromises()
      assert.deepEqual(running(), ['a'])
      workers.batches[0]?.answer()
      assert.equal(await outcomeOf('a'), 'a')
    })
  })

  it('owns no timer once nothing waits or runs', async () => {
    const { push, workers, clock } = fixture()
    const before = clock.pendingTimers
    push('a')
    push('b')
    workers.batches[0]?.answer()
    await settlePromises()
    workers.batches[0]?.answer()
    await clock.advance(20)
    assert.equal(clock.pendingTimers, before)
  })
})
