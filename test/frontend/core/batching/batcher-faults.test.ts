import assert from 'node:assert/strict'
import { ServingError } from '../../../../worker/contract/errors.ts'
import { batcherFixture as fixture } from '../../../support/batcher-fixture.ts'
import { settlePromises } from '../../../support/fake-clock.ts'
import { failure } from '../../../support/fake-worker-process.ts'

describe('Batcher', () => {
  describe('death of a worker process', () => {
    it('tries each member again alone, in order, and before those that wait', async () => {
      const { push, running, workers, clock, outcomeOf } = fixture({ isReady: false })
      for (const id of ['a', 'b', 'c']) push(id)
      workers.latest().ready()
      push('d')
      workers.latest().exit()
      await clock.advance(0)
      assert.deepEqual(running(), [])
      workers.latest().ready()
      assert.deepEqual(running(), ['a'])
      for (const id of ['a', 'b', 'c']) {
        workers.batches[0]?.answer()
        assert.equal(await outcomeOf(id), id)
      }
      assert.deepEqual(running(), ['d'])
    })

    it('gives a suspect a process of its own', async () => {
      const { push, running, workers, clock } = fixture({ threads: [2] })
      push('a')
      workers.latest().exit()
      await clock.advance(0)
      push('b')
      push('c')
      workers.latest().ready()
      assert.deepEqual(running(), ['a'])
      workers.batches[0]?.answer()
      await settlePromises()
      assert.deepEqual(running(), ['b c'])
    })

    it('lets what runs finish before a suspect takes its process', async () => {
      const { push, running, workers, clock } = fixture({ threads: [2, 2] })
      push('a')
      push('b')
      push('c')
      assert.deepEqual(running(), ['a', 'c', 'b'])
      workers.processes[1]?.exit()
      await settlePromises()
      push('d')
      assert.deepEqual(running(), ['a', 'c'])
      workers.batches[0]?.answer()
      await settlePromises()
      assert.deepEqual(running(), ['c'])
      workers.batches[0]?.answer()
      await settlePromises()
      assert.deepEqual(running(), ['b'])
      await clock.advance(0)
      workers.latest().ready()
      assert.deepEqual(running(), ['b', 'd'])
    })

    it('fails a request at whose second death it ran alone', async () => {
      const { push, workers, clock, outcomeOf, outcomes } = fixture()
      push('poison')
      workers.latest().exit()
      await clock.advance(0)
      workers.latest().ready()
      workers.latest().exit('it ended with SIGABRT')
      assert.equal(await outcomeOf('poison'), 'internal worker_crashed')
      const outcome = outcomes.get('poison')
      assert.ok(outcome?.ok === false)
      assert.match(outcome.error.message, /ended twice while it ran this request \(it ended with SIGABRT\)/)
    })

    it('spares the neighbours of a poisonous request', async () => {
      const { push, workers, clock, outcomeOf } = fixture({ isReady: false })
      for (const id of ['a', 'poison', 'b']) push(id, { deadlineMs: 60_000 })
      workers.latest().ready()
      workers.latest().exit()
      for (let round = 0; round < 6; round++) {
        await clock.advance(400)
        workers.latest().ready()
        await settlePromises()
        const [batch] = workers.batches
        if (batch?.ids === 'poison') workers.latest().exit()
        else batch?.answer()
      }
      assert.equal(await outcomeOf('a'), 'a')
      assert.equal(await outcomeOf('b'), 'b')
      assert.equal(await outcomeOf('poison'), 'internal worker_crashed')
    })

    it('does not blame a request that ended before its process did', async () => {
      const { push, workers, clock, outcomeOf, running } = fixture()
      push('a', { deadlineMs: 50 })
      await clock.advance(60)
      workers.latest().exit()
      await clock.advance(0)
      workers.latest().ready()
      assert.deepEqual(running(), [])
      assert.equal(await outcomeOf('a'), 'deadline_exceeded worker')
    })

    it('tries members again alone when only their thread died', async () => {
      const { push, workers, running, restarts, outcomeOf } = fixture({ isReady: false })
      push('a')
      push('b')
      workers.latest().ready()
      workers.batches[0]?.answer(() => failure('unavailable', 'the thread ended', 'worker_died'))
      await settlePromises()
      assert.deepEqual(running(), ['a'])
      workers.batches[0]?.answer(() => failure('unavailable', 'the thread ended', 'worker_died'))
      assert.equal(await outcomeOf('a'), 'internal worker_crashed')
      assert.deepEqual(running(), ['b'])
      assert.deepEqual(restarts, [])
    })

    it('still ends a request by its deadline while it waits for its second try', async () => {
      const { push, workers, clock, outcomeOf } = fixture()
      push('a', { deadlineMs: 100 })
      workers.latest().exit()
      await clock.advance(120)
      assert.equal(await outcomeOf('a'), 'deadline_exceeded queue')
    })
  })

  describe('a stuck batch', () => {
    it('costs only its own request: its process is replaced, its neighbours run again', async () => {
      const { push, workers, clock, restarts, running, outcomeOf } = fixture({ threads: [2] })
      push('stuck')
      await clock.advance(900)
      push('other', { deadlineMs: 5000 })
      await clock.advance(349)
      assert.equal(await outcomeOf('stuck'), 'deadline_exceeded worker')
      assert.deepEqual(restarts, [])
      await clock.advance(40)
      assert.deepEqual(restarts, ['timeout: a batch took longer than 1000 ms'])
      workers.latest().ready()
      assert.deepEqual(running(), ['other'])
      workers.batches[0]?.answer()
      assert.equal(await outcomeOf('other'), 'other')
    })

    it('takes no new batch to a process that is about to end', async () => {
      const { push, workers, clock, running } = fixture({ threads: [2], workers: { lingers: true } })
      push('stuck')
      await clock.advance(1300)
      assert.ok(workers.latest().kills.length > 0)
      push('b')
      assert.deepEqual(running(), ['stuck'])
    })
  })

  describe('close', () => {
    const error = new ServingError('unavailable', 'it is over', { reason: 'draining' })

    it('ends what waits, what runs and what comes later, and kills the busy process', async () => {
      const { push, batcher, workers, outcomeOf } = fixture()
      push('running')
      push('waiting')
      batcher.close(error)
      push('later')
      for (const id of ['running', 'waiting', 'later']) {
        assert.equal(await outcomeOf(id), 'unavailable draining')
      }
      assert.equal(batcher.queuedRequests, 0)
      assert.equal(workers.processes[0]?.kills[0]?.detail, 'it is over')
    })

    it('leaves an idle process alone', () => {
      const { batcher, workers } = fixture()
      batcher.close(error)
      assert.deepEqual(workers.latest().kills, [])
    })
  })
})
