import assert from 'node:assert/strict'
import { NO_RUNNERS, turnsUntilAnswer } from '../../../../frontend/core/batching/runners.ts'

const CASES = [
  { it: 'the only one of a worker that takes one', runners: {}, runningBatches: 0, turns: 1 },
  {
    it: 'the first that a worker gets who runs them in turn',
    runners: { batchesInFlight: 2, overlapsRuns: true },
    runningBatches: 0,
    turns: 1,
  },
  {
    it: 'the second of such a worker',
    runners: { batchesInFlight: 2, overlapsRuns: true },
    runningBatches: 1,
    turns: 2,
  },
  {
    it: 'one of several that a handler may mix',
    runners: { batchesInFlight: 3 },
    runningBatches: 0,
    turns: 3,
  },
]

describe('turnsUntilAnswer', () => {
  for (const { it: which, runners, runningBatches, turns } of CASES) {
    it(`is ${turns} for ${which}`, () => {
      assert.equal(turnsUntilAnswer({ ...NO_RUNNERS, ...runners }, { runningBatches }), turns)
    })
  }
})
