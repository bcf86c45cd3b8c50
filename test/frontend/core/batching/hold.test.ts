import assert from 'node:assert/strict'
import { ArrivalRate, holdMs, type HoldSnapshot } from '../../../../frontend/core/batching/hold.ts'

/** One request that has waited for 2 of 10 ms; arrivals every 3 ms; a batch costs 5 ms before its rows. */
const WAITING: HoldSnapshot = {
  nowMs: 102,
  requests: 1,
  isComplete: false,
  oldestArrivalMs: 100,
  maxBatchDelayMs: 10,
  arrivalIntervalMs: 3,
  fixedMs: 5,
  latestStartMs: Number.POSITIVE_INFINITY,
}

const CASES: readonly (Partial<HoldSnapshot> & { readonly it: string; readonly waitMs: number })[] = [
  { it: 'waits for the next arrival when that saves more than it costs', waitMs: 3 },
  { it: 'waits when saving and cost are equal', requests: 1, arrivalIntervalMs: 5, waitMs: 5 },
  { it: 'runs when those who wait lose more than a batch saves', requests: 2, waitMs: 0 },
  { it: 'runs a complete batch', isComplete: true, waitMs: 0 },
  { it: 'runs when no delay is allowed', maxBatchDelayMs: 0, waitMs: 0 },
  { it: 'runs when the delay of the oldest is used up', nowMs: 110, waitMs: 0 },
  { it: 'runs when the delay of the oldest is long past', nowMs: 500, waitMs: 0 },
  { it: 'runs when the next arrival would come too late', nowMs: 108, waitMs: 0 },
  { it: 'runs a lone request of idle traffic', arrivalIntervalMs: Number.POSITIVE_INFINITY, waitMs: 0 },
  { it: 'waits while a deadline allows it', latestStartMs: 105, waitMs: 3 },
  { it: 'runs when the next arrival would come too late for a deadline', latestStartMs: 104, waitMs: 0 },
  { it: 'runs when a deadline needs it now', latestStartMs: 102, arrivalIntervalMs: 0.1, waitMs: 0 },
  { it: 'runs when a batch has no fixed cost to save', fixedMs: 0, waitMs: 0 },
  {
    it: 'runs when arrivals are simultaneous: the next one is here already',
    arrivalIntervalMs: 0,
    waitMs: 0,
  },
]

describe('holdMs', () => {
  for (const { it: claim, waitMs, ...change } of CASES) {
    it(claim, () => assert.equal(holdMs({ ...WAITING, ...change }), waitMs))
  }
})

describe('ArrivalRate', () => {
  function intervalAfter(arrivals: readonly number[]): number {
    const rate = new ArrivalRate()
    for (const nowMs of arrivals) rate.observe(nowMs)
    return rate.intervalMs
  }

  const ARRIVALS: readonly (readonly [it: string, arrivals: readonly number[], intervalMs: number])[] = [
    ['is infinite before the first arrival', [], Number.POSITIVE_INFINITY],
    ['is infinite after one arrival', [5], Number.POSITIVE_INFINITY],
    ['is the time between two', [5, 8], 3],
    ['stays at an even rate', [0, 3, 6, 9], 3],
    ['moves by a fifth towards a new interval', [0, 10, 20, 25], 9],
    ['can be 0', [4, 4], 0],
  ]
  for (const [claim, arrivals, intervalMs] of ARRIVALS) {
    it(claim, () => assert.equal(intervalAfter(arrivals), intervalMs))
  }

  it('has followed a burst after ten arrivals', () => {
    const burst = Array.from({ length: 10 }, (_, i) => 3000 + i)
    assert.ok(intervalAfter([0, 1000, 2000, ...burst]) < 0.2 * 1000)
  })
})
