import assert from 'node:assert/strict'
import { batcherFixture as fixture } from '../../../../support/batcher-fixture.ts'
import { settlePromises } from '../../../../support/fake-clock.ts'

const LIMITS = { maxBatchRows: 8, maxBatchDelayMs: 50 }
const ids = (count: number) => Array.from({ length: count }, (_, i) => `r${i + 1}`)

describe('a batcher with a schedule', () => {
  describe('of preferred sizes [2, 6]', () => {
    const preferring = () => fixture({ limits: LIMITS, scheduling: { preferredBatchRows: [2, 6] } })

    const AT_ONCE = [2, 6, 7]
    for (const rows of AT_ONCE) {
      it(`runs a request of ${rows} rows at once`, () => {
        const { push, running } = preferring()
        push('a', { rows })
        assert.deepEqual(running(), ['a'])
      })
    }

    const WAITING = [1, 3]
    for (const rows of WAITING) {
      it(`lets a request of ${rows} rows wait for the delay, then runs it`, async () => {
        const { clock, push, running } = preferring()
        push('a', { rows })
        await clock.advance(49)
        assert.deepEqual(running(), [])
        await clock.advance(1)
        assert.deepEqual(running(), ['a'])
      })
    }

    it('runs two single requests when the second comes', async () => {
      const { clock, push, running } = preferring()
      push('a')
      await clock.advance(10)
      push('b')
      assert.deepEqual(running(), ['a b'])
    })

    it('runs 12 single requests that have come together in 2 batches', async () => {
      const { push, workers, batchSizes } = fixture({
        limits: LIMITS,
        scheduling: { preferredBatchRows: [2, 6] },
        isReady: false,
      })
      for (const id of ids(12)) push(id)
      workers.latest().ready()
      for (const expected of [6, 6]) {
        assert.equal(workers.batches[0]?.requests.length, expected)
        workers.batches[0].answer()
        await settlePromises()
      }
      assert.deepEqual(batchSizes, [6, 6])
    })
  })

  describe('of priorities', () => {
    const levels = { priorityLevels: 2 }

    it('runs the highest first when a worker is free', async () => {
      const { push, running, workers } = fixture({ limits: { maxBatchRows: 1 }, scheduling: levels })
      push('first')
      push('low', { priority: 2 })
      push('high', { priority: 1 })
      workers.batches[0]?.answer()
      await settlePromises()
      assert.deepEqual(running(), ['high'])
    })

    it('refuses more of a priority than its policy lets wait, and no others', async () => {
      const scheduling = { ...levels, priorityPolicies: { 2: { maxQueuedRequests: 1 } } }
      const { push, outcomeOf } = fixture({ limits: { maxBatchRows: 1 }, scheduling })
      push('running')
      for (const id of ['a', 'b']) push(id, { priority: 2 })
      for (const id of ['c', 'd']) push(id, { priority: 1 })
      assert.equal(await outcomeOf('b'), 'resource_exhausted queue_full')
      assert.deepEqual(await Promise.all(['a', 'c', 'd'].map(outcomeOf)), ['pending', 'pending', 'pending'])
    })
  })

  describe('of times in the queue', () => {
    const blocked = (queuePolicy: object) => {
      const given = fixture({ limits: { maxBatchRows: 1 }, scheduling: { queuePolicy } })
      given.push('running')
      return given
    }

    it('fails what has waited too long, and leaves what runs alone', async () => {
      const { clock, push, outcomeOf } = blocked({ timeoutMs: 40 })
      push('a')
      await clock.advance(60)
      assert.equal(await outcomeOf('a'), 'deadline_exceeded queue')
      assert.equal(await outcomeOf('running'), 'pending')
    })

    it('never runs what has waited too long, even between two looks at the queue', async () => {
      const { clock, push, outcomeOf, workers, running } = blocked({ timeoutMs: 25 })
      push('a')
      await clock.advance(30)
      workers.batches[0]?.answer()
      await settlePromises()
      assert.equal(await outcomeOf('a'), 'deadline_exceeded queue')
      assert.deepEqual(running(), [])
    })

    it('lets others go first instead, if the policy says so', async () => {
      const { clock, push, workers, running } = blocked({ timeoutMs: 40, timeoutAction: 'delay' })
      push('a')
      await clock.advance(60)
      push('b')
      workers.batches[0]?.answer()
      await settlePromises()
      assert.deepEqual(running(), ['b'])
    })

    const OVERRIDES = [
      {
        it: 'a shorter time, if it may',
        policy: { timeoutMs: 100, allowTimeoutOverride: true },
        isOver: true,
      },
      { it: 'a time, if it may and there is none', policy: { allowTimeoutOverride: true }, isOver: true },
      { it: 'a shorter time in vain, if it may not', policy: { timeoutMs: 100 }, isOver: false },
    ]
    for (const { it: claim, policy, isOver } of OVERRIDES) {
      it(`lets a request ask for ${claim}`, async () => {
        const { clock, push, outcomeOf } = blocked(policy)
        push('a', { queueTimeoutMs: 20 })
        await clock.advance(60)
        assert.equal(await outcomeOf('a'), isOver ? 'deadline_exceeded queue' : 'pending')
      })
    }

    it('does not let a request ask for a longer time', async () => {
      const { clock, push, outcomeOf } = blocked({ timeoutMs: 40, allowTimeoutOverride: true })
      push('a', { queueTimeoutMs: 900 })
      await clock.advance(60)
      assert.equal(await outcomeOf('a'), 'deadline_exceeded queue')
    })
  })
})
