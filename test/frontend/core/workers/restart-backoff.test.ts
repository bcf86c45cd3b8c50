import assert from 'node:assert/strict'
import { restartDelayMs } from '../../../../frontend/core/workers/restart-backoff.ts'

/** The longest delay after so many crashes in a row: `random` at its end. */
const CEILINGS: readonly (readonly [crashesInARow: number, ceilingMs: number])[] = [
  [0, 0],
  [1, 0],
  [2, 100],
  [3, 200],
  [4, 400],
  [10, 25_600],
  [11, 30_000],
  [1000, 30_000],
  [5000, 30_000],
]

describe('restartDelayMs', () => {
  for (const [crashes, ceilingMs] of CEILINGS) {
    it(`waits between 0 and ${ceilingMs} ms after ${crashes} crashes in a row`, () => {
      assert.equal(restartDelayMs(crashes, 0), 0)
      assert.equal(restartDelayMs(crashes, 0.5), ceilingMs / 2)
      assert.equal(restartDelayMs(crashes, 1), ceilingMs)
    })
  }
})
