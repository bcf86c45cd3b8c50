import assert from 'node:assert/strict'
import { batcherFixture } from '../../../support/batcher-fixture.ts'
import { settlePromises } from '../../../support/fake-clock.ts'
import { echo } from '../../../support/fake-worker-process.ts'

/** A batch takes 2 ms of preparing and answering, and 20 ms in the engine. */
const REST_MS = 2
const RUN_MS = 20
/** When it is sent ahead of the end of a run: a quarter earlier, and a millisecond. */
const LEAD_MS = 1.25 * REST_MS + 1

describe('a batch for a worker whose engine is busy', () => {
  const fixture = (overlapsRuns = true) =>
    batcherFixture({
      limits: { maxBatchRows: 4 },
      ...(overlapsRuns ? { report: { overlapsRuns } } : { maxBatchesInFlight: 2 }),
    })
  type Fixture = ReturnType<typeof fixture>

  const answer = ({ workers }: Fixture) => {
    const [batch] = workers.batches
    batch?.reply(batch.requests.map(echo), batch.requests.length, { inferenceMs: RUN_MS })
    return settlePromises()
  }

  /** Has seen one batch of one request. */
  const experienced = async (overlapsRuns = true) => {
    const batcher = fixture(overlapsRuns)
    batcher.push('first')
    await batcher.clock.advance(REST_MS + RUN_MS)
    await answer(batcher)
    return batcher
  }

  it('is sent just before the run is predicted to end, with all that came meanwhile', async () => {
    const { push, clock, running } = await experienced()
    push('a')
    push('b')
    await clock.advance(5)
    push('c')
    await clock.advance(REST_MS + RUN_MS - LEAD_MS - 5 - 0.1)
    assert.deepEqual(running(), ['a'])
    await clock.advance(0.2)
    assert.deepEqual(running(), ['a', 'b c'])
  })

  it('is sent at once when it is full', async () => {
    const { push, running } = await experienced()
    for (const id of ['a', 'b', 'c', 'd', 'e']) push(id)
    assert.deepEqual(running(), ['a', 'b c d e'])
  })

  it('is sent at once when nothing is known of the run', () => {
    const { push, running } = fixture()
    push('a')
    push('b')
    assert.deepEqual(running(), ['a', 'b'])
  })

  it('is sent when the run has ended sooner than predicted', async () => {
    const batcher = await experienced()
    batcher.push('a')
    batcher.push('b')
    await batcher.clock.advance(3)
    await answer(batcher)
    assert.deepEqual(batcher.running(), ['b'])
  })

  it('waits for the run that began when the one before it ended', async () => {
    const batcher = await experienced()
    batcher.push('a')
    batcher.push('b')
    await batcher.clock.advance(REST_MS + RUN_MS)
    await answer(batcher)
    batcher.push('c')
    await batcher.clock.advance(RUN_MS - LEAD_MS - 0.1)
    assert.deepEqual(batcher.running(), ['b'])
    await batcher.clock.advance(0.2)
    assert.deepEqual(batcher.running(), ['b', 'c'])
  })

  it('is sent at once to a worker that only may hold several', async () => {
    const { push, running } = await experienced(false)
    push('a')
    push('b')
    assert.deepEqual(running(), ['a', 'b'])
  })

  it('never makes more than two of them', async () => {
    const { push, running } = await experienced()
    for (let i = 0; i < 12; i++) push(String(i))
    assert.deepEqual(running(), ['0', '1 2 3 4'])
  })

  it('goes to an idle worker first, whatever the busy one does', async () => {
    const { push, running } = batcherFixture({
      threads: [1, 1],
      limits: { maxBatchRows: 4 },
      report: { overlapsRuns: true },
    })
    push('a')
    push('b')
    assert.deepEqual(running(), ['a', 'b'])
  })

  it('is sent at once to the process that replaces one that died', async () => {
    const batcher = await experienced()
    batcher.push('a')
    batcher.workers.latest().exit()
    await batcher.clock.advance(0)
    batcher.workers.latest().ready(1, { overlapsRuns: true })
    await settlePromises()
    assert.deepEqual(batcher.running(), ['a'])
  })
})
