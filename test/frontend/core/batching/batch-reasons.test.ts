import assert from 'node:assert/strict'
import { batcherFixture as fixture } from '../../../support/batcher-fixture.ts'
import { echo } from '../../../support/fake-worker-process.ts'
import { settlePromises } from '../../../support/fake-clock.ts'

type All = ReturnType<typeof fixture>

/** Lets the worker take `ms` for each of its batches until nothing is left. */
async function work({ clock, workers }: All, ms = 10): Promise<void> {
  for (let batch = workers.batches[0]; batch !== undefined; batch = workers.batches[0]) {
    await clock.advance(ms)
    batch.answer()
    await settlePromises()
  }
}

describe('Batcher, why a batch closed', () => {
  it('says idle_worker of a lone request', async () => {
    const all = fixture()
    all.push('a')
    await work(all)
    assert.deepEqual(all.reasons, ['idle_worker'])
  })

  it('says full when the rows are reached, and when the next request does not fit', async () => {
    const all = fixture({ limits: { maxBatchRows: 4 } })
    all.push('busy')
    for (const [id, rows] of [
      ['a', 4],
      ['b', 3],
      ['c', 2],
    ] as const)
      all.push(id, { rows })
    await work(all)
    assert.deepEqual(all.reasons, ['idle_worker', 'full', 'full', 'idle_worker'])
  })

  it('says shape when what else waits is of another bucket', async () => {
    const all = fixture()
    all.push('busy')
    all.push('a', { bucket: 'x' })
    all.push('b', { bucket: 'y' })
    await work(all)
    assert.deepEqual(all.reasons, ['idle_worker', 'shape', 'idle_worker'])
  })

  it('says idle_worker of one that runs alone after the death of its worker', async () => {
    const all = fixture()
    all.push('a')
    all.workers.latest().exit()
    await all.clock.advance(0)
    all.workers.latest().ready()
    await work(all)
    assert.deepEqual(all.reasons, ['idle_worker'])
  })

  describe('with a delay', () => {
    /** Arrivals came every 2 ms, and a batch takes 10 ms whatever its rows. */
    async function held(): Promise<All> {
      const all = fixture({ limits: { maxBatchDelayMs: 10, maxBatchRows: 4 } })
      for (const id of ['w1', 'w2', 'w3']) {
        all.push(id)
        await all.clock.advance(2)
      }
      for (const ms of [4, 10]) {
        await all.clock.advance(ms)
        all.workers.batches[0]?.answer()
        await settlePromises()
      }
      all.reasons.length = 0
      return all
    }

    it('says delay when no companion came in time', async () => {
      const all = await held()
      all.push('a')
      await all.clock.advance(10)
      await work(all)
      assert.deepEqual(all.reasons, ['delay'])
    })

    it('says full when companions came', async () => {
      const all = await held()
      for (const id of ['a', 'b']) all.push(id, { rows: 2 })
      await work(all)
      assert.deepEqual(all.reasons, ['full'])
    })

    it('ends the hold for a deadline, and says so', async () => {
      const all = await held()
      all.push('a', { deadlineMs: all.clock.nowMs() + 17 })
      await all.clock.advance(4)
      assert.deepEqual(all.running(), [])
      await all.clock.advance(2)
      assert.deepEqual(all.running(), ['a'])
      await work(all)
      assert.deepEqual([all.reasons, await all.outcomeOf('a')], [['deadline'], 'a'])
    })
  })
})

describe('Batcher, deadlines', () => {
  /** A batch of n rows takes 10 n ms; the worker is busy for another 10 ms. */
  async function busy(): Promise<All> {
    const all = fixture({ limits: { maxBatchRows: 4 } })
    for (let rows = 1; rows <= 4; rows++) {
      all.push(`w${rows}`, { rows })
      await all.clock.advance(10 * rows)
      const [batch] = all.workers.batches
      batch?.reply(batch.requests.map(echo), rows)
      await settlePromises()
    }
    all.reasons.length = 0
    all.push('busy')
    return all
  }

  it('cuts a batch to what its oldest member allows', async () => {
    const all = await busy()
    const nowMs = all.clock.nowMs()
    for (const id of ['a', 'b', 'c']) all.push(id, { deadlineMs: nowMs + 35 })
    await all.clock.advance(10)
    all.workers.batches[0]?.answer()
    await settlePromises()
    assert.deepEqual(all.running(), ['a b'])
  })

  it('says deadline of such a batch', async () => {
    const all = await busy()
    for (const id of ['a', 'b', 'c']) all.push(id, { deadlineMs: all.clock.nowMs() + 35 })
    await all.clock.advance(10)
    all.workers.batches[0]?.answer()
    await settlePromises()
    all.workers.batches[0]?.answer()
    await settlePromises()
    assert.deepEqual(all.reasons, ['idle_worker', 'deadline'])
  })

  it('with a backlog, drops what would be late, and fills its place', async () => {
    const all = await busy()
    all.push('late', { deadlineMs: all.clock.nowMs() + 50 })
    for (const id of ['a', 'b', 'c', 'd', 'e']) all.push(id)
    await all.clock.advance(10)
    all.workers.batches[0]?.answer()
    assert.equal(await all.outcomeOf('late'), 'deadline_exceeded queue')
    assert.deepEqual(all.running(), ['a b c d'])
  })

  it('runs what is predicted to be late when a worker would idle otherwise', async () => {
    const all = await busy()
    all.push('a', { deadlineMs: all.clock.nowMs() + 15 })
    await all.clock.advance(10)
    all.workers.batches[0]?.answer()
    await settlePromises()
    assert.deepEqual(all.running(), ['a'])
  })
})

describe('Batcher, when requests wait far longer than admission predicted', () => {
  /** A batch takes 100 ms, for a target wait of 20 ms; two requests come for each that is answered. */
  async function overloaded(): Promise<All> {
    const all = fixture({ limits: { maxBatchRows: 1, targetWaitMs: 20 } })
    for (let i = 0; i < 3; i++) {
      for (const name of ['a', 'b']) all.push(`${name}${i}`, { deadlineMs: Number.POSITIVE_INFINITY })
      await all.clock.advance(100)
      all.workers.batches[0]?.answer()
      await settlePromises()
    }
    return all
  }

  it('drops what has waited long, for what came just now', async () => {
    const all = await overloaded()
    assert.deepEqual(all.running(), ['b1'])
    await all.clock.advance(200)
    all.push('fresh')
    all.workers.batches[0]?.answer()
    assert.equal(await all.outcomeOf('b2'), 'resource_exhausted overload')
    assert.deepEqual(all.running(), ['fresh'])
  })

  it('drops nobody while nothing fresh waits', async () => {
    const all = await overloaded()
    await all.clock.advance(500)
    all.workers.batches[0]?.answer()
    await settlePromises()
    assert.deepEqual(all.running(), ['a2'])
  })

  it('drops nobody any more once the target is taken back', async () => {
    const all = await overloaded()
    all.batcher.useLimits({ maxBatchRows: 1, maxBatchDelayMs: 0, inferenceTimeoutMs: 1000 })
    await all.clock.advance(200)
    all.push('fresh')
    all.workers.batches[0]?.answer()
    assert.equal(await all.outcomeOf('b2'), 'pending')
    assert.deepEqual(all.running(), ['a2'])
  })

  it('forms batches as large as configured once the target is taken back', async () => {
    const limits = { maxBatchRows: 4, maxBatchDelayMs: 0, inferenceTimeoutMs: 1000 }
    const all = fixture({ limits: { ...limits, targetWaitMs: 20 } })
    for (let rows = 1; rows <= 4; rows++) {
      all.push(`w${rows}`, { rows })
      await all.clock.advance(10 * rows)
      const [batch] = all.workers.batches
      batch?.reply(batch.requests.map(echo), rows)
      await settlePromises()
    }
    assert.equal(all.batcher.maxRows, 1)
    all.batcher.useLimits(limits)
    assert.equal(all.batcher.maxRows, 4)
  })
})
