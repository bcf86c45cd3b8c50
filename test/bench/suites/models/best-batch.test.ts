import assert from 'node:assert/strict'
import { bestBatch } from '../../../../bench/suites/models/best-batch.ts'

const CASES: { it: string; sweep: Readonly<Record<number, number>>; best: number }[] = [
  { it: 'takes the fastest', sweep: { 1: 10, 2: 15, 4: 20, 8: 19 }, best: 4 },
  { it: 'takes the smaller of two that are about as fast', sweep: { 1: 10, 2: 19.5, 4: 20 }, best: 2 },
  { it: 'does not take a smaller one that is slower', sweep: { 1: 19, 2: 20 }, best: 2 },
]

describe('bestBatch', () => {
  for (const { it: name, sweep, best } of CASES) {
    it(name, () => {
      const points = Object.entries(sweep).map(([rows, rate]) => ({
        rows: Number(rows),
        rowsPerSecond: rate,
      }))
      assert.equal(bestBatch(points), best)
    })
  }
})
