import assert from 'node:assert/strict'
import { batcherFixture as fixture } from '../../../support/batcher-fixture.ts'
import { settlePromises } from '../../../support/fake-clock.ts'

describe('Batcher', () => {
  describe('holding a batch back', () => {
    const limits = { maxBatchDelayMs: 10, maxBatchRows: 2 }

    /** The worker is free; arrivals came every few ms, and a batch of any size takes 10 ms: waiting pays. */
    async function busyFixture() {
      const all = fixture({ limits })
      for (const id of ['w1', 'w2', 'w3']) {
        all.push(id)
        await all.clock.advance(2)
      }
      await all.clock.advance(4)
      all.workers.batches[0]?.answer()
      await all.clock.advance(10)
      all.workers.batches[0]?.answer()
      await settlePromises()
      return all
    }

    it('runs the first request of idle traffic at once', () => {
      const { push, running } = fixture({ limits })
      push('a')
      assert.deepEqual(running(), ['a'])
    })

    it('waits for the next arrival when that is predicted to pay', async () => {
      const { push, running, clock } = await busyFixture()
      push('a')
      await clock.advance(4)
      assert.deepEqual(running(), [])
    })

    it('runs a held batch once it is full', async () => {
      const { push, running } = await busyFixture()
      push('a')
      push('b')
      assert.deepEqual(running(), ['a b'])
    })

    it('holds nobody longer than the delay from the arrival of the oldest', async () => {
      const { push, running, clock } = await busyFixture()
      push('a')
      await clock.advance(10)
      assert.deepEqual(running(), ['a'])
    })

    it('ends a held request whose client goes away, and forgets its timer', async () => {
      const { push, clock, outcomeOf } = await busyFixture()
      const client = new AbortController()
      push('a', { signal: client.signal })
      client.abort()
      await clock.advance(40)
      assert.equal(await outcomeOf('a'), 'cancelled client_gone')
      assert.equal(clock.pendingTimers, 0)
    })

    it('is not confused by a body that took long to arrive', async () => {
      const { push, running, clock, workers } = await busyFixture()
      push('busy')
      await clock.advance(10)
      push('a')
      push('late body', { arrivedAtMs: clock.nowMs() - 500, bucket: 'other' })
      for (const id of ['busy', 'late body']) {
        assert.deepEqual(running(), [id])
        workers.batches[0]?.answer()
        await settlePromises()
      }
      await clock.advance(10)
      assert.deepEqual(running(), ['a'])
    })

    it('holds back nobody who survived the death of a worker process', async () => {
      const { push, running, clock, workers } = await busyFixture()
      push('a')
      await clock.advance(10)
      workers.latest().exit()
      await clock.advance(0)
      push('b')
      workers.latest().ready()
      assert.deepEqual(running(), ['a'])
    })
  })
})
