import assert from 'node:assert/strict'
import { RowLimit, type BatchFacts } from '../../../../frontend/core/batching/row-limit.ts'

const RULES = { targetWaitMs: 100, maxRows: 32 }
const SLOW: BatchFacts = { rows: 32, ms: 51, fixedMs: 10 }
const GOOD: BatchFacts = { rows: 10, ms: 20, fixedMs: 10 }

function rowsAfter(
  batches: readonly BatchFacts[],
  rules: Parameters<RowLimit['observe']>[1] = RULES,
): number {
  const limit = new RowLimit()
  for (const batch of batches) limit.observe(batch, rules)
  return limit.rowsWithin(rules.maxRows)
}

const times = <T>(count: number, value: T): T[] => new Array<T>(count).fill(value)

const CASES: readonly (readonly [it: string, batches: readonly BatchFacts[], rows: number])[] = [
  ['is the configured one at first', [], 32],
  ['stays while batches take half of the target', [{ ...SLOW, ms: 50 }], 32],
  ['shrinks by a tenth after a batch that took longer', [SLOW], 28],
  ['shrinks from the size of the batch that was too long', [{ ...SLOW, rows: 20 }], 18],
  ['shrinks on and on', times(3, SLOW), 22],
  ['never falls below one', times(40, SLOW), 1],
  ['grows by one after 20 good batches', [SLOW, ...times(20, GOOD)], 29],
  ['has not grown after 19', [SLOW, ...times(19, GOOD)], 28],
  ['counts anew after a bad batch', [SLOW, ...times(19, GOOD), SLOW, ...times(19, GOOD)], 25],
  ['does not grow beyond the configured limit', [SLOW, ...times(400, GOOD)], 32],
  ['stays where the time is mostly fixed: fewer rows would not help', [{ ...SLOW, fixedMs: 26 }], 32],
  ['stays where one row alone takes too long', [{ ...SLOW, rows: 1 }], 32],
]

describe('RowLimit', () => {
  for (const [claim, batches, rows] of CASES) it(claim, () => assert.equal(rowsAfter(batches), rows))

  it('is given up when there is no target any more', () => {
    const limit = new RowLimit()
    limit.observe(SLOW, RULES)
    limit.reset()
    assert.equal(limit.rowsWithin(32), 32)
  })

  it('follows a lower configuration at once', () => {
    const limit = new RowLimit()
    limit.observe(SLOW, RULES)
    assert.equal(limit.rowsWithin(4), 4)
  })
})
