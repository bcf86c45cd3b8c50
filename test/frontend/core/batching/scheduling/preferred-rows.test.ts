import assert from 'node:assert/strict'
import { planPreferred } from '../../../../../frontend/core/batching/scheduling/preferred-rows.ts'

const RULES = { preferredBatchRows: [2, 6], maxBatchRows: 8, maxBatchDelayMs: 50 }

describe('planPreferred', () => {
  const CASES = [
    { it: 'waits for a preferred size', sums: [1], waitMs: 50, maxRows: 8 },
    {
      it: 'waits for what is left of the delay of the oldest',
      nowMs: 130,
      sums: [1],
      waitMs: 20,
      maxRows: 8,
    },
    { it: 'takes all that fits when the delay is over', nowMs: 150, sums: [3, 5], waitMs: 0, maxRows: 8 },
    { it: 'runs a preferred size at once', sums: [1, 2], waitMs: 0, maxRows: 2 },
    { it: 'runs one that a single request brings', sums: [6], waitMs: 0, maxRows: 6 },
    { it: 'prefers the largest that is reached', sums: [1, 2, 3, 4, 5, 6, 7], waitMs: 0, maxRows: 6 },
    { it: 'leaves what is beyond a preferred size', sums: [1, 2, 3], waitMs: 0, maxRows: 2 },
    { it: 'waits with a size between two preferred ones', sums: [3], waitMs: 50, maxRows: 8 },
    { it: 'does not wait beyond the largest', sums: [7], waitMs: 0, maxRows: 8 },
    { it: 'does not wait with a batch that cannot grow', sums: [3], isComplete: true, waitMs: 0, maxRows: 8 },
    { it: 'sees no preferred size where whole requests miss it', sums: [1, 4], waitMs: 50, maxRows: 8 },
  ]
  for (const { it: claim, nowMs = 100, sums, isComplete = false, ...plan } of CASES) {
    it(claim, () => {
      assert.deepEqual(planPreferred({ nowMs, oldestArrivalMs: 100, sums, isComplete }, RULES), plan)
    })
  }

  it('never waits without a delay', () => {
    const snapshot = { nowMs: 0, oldestArrivalMs: 0, sums: [1], isComplete: false }
    assert.deepEqual(planPreferred(snapshot, { ...RULES, maxBatchDelayMs: 0 }), { waitMs: 0, maxRows: 8 })
  })
})
