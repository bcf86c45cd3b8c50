import assert from 'node:assert/strict'
import { Statistics } from '../../../frontend/core/statistics.ts'
import { ServingError } from '../../../worker/contract/errors.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const FACTS = { model: { name: 'm', version: '1' }, pendingRequests: 0, loadMs: 0 }
const TIMING = { preprocessMs: 1, inferenceMs: 2, postprocessMs: 3, rows: 4, runs: 1 }

/** What one process has seen: an answer, a failure, a refusal. */
function work(statistics: Statistics): void {
  statistics.batchFinished(TIMING)
  statistics.requestAnswered({ response: { rows: 4 }, timing: TIMING, queueMs: 5 }, 10)
  statistics.requestFailed(new ServingError('internal', 'it broke'), 20)
  statistics.requestRejected()
}

/** All but the time of day, which goes on between two readings. */
function countsOf(statistics: Statistics) {
  const { lastInferenceAtMs, ...counts } = statistics.read(FACTS)
  assert(lastInferenceAtMs > 0)
  return counts
}

describe('statistics of several processes', () => {
  it('add up to those of one that has done all of it', () => {
    const clock = new FakeClock()
    const [alone, primary, other] = [new Statistics(clock), new Statistics(clock), new Statistics(clock)]
    for (const statistics of [alone, alone, primary, other]) work(statistics)
    for (const delta of [other.take()].filter((each) => each !== undefined)) primary.add(delta)
    assert.deepEqual(countsOf(primary), countsOf(alone))
  })

  it('are handed over once', () => {
    const statistics = new Statistics(new FakeClock())
    assert.equal(statistics.take(), undefined)
    work(statistics)
    assert.equal(statistics.take()?.success[0], 1)
    assert.equal(statistics.take(), undefined)
  })
})
