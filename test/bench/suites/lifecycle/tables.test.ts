import assert from 'node:assert/strict'
import type { LoadResult } from '../../../../bench/load/job.ts'
import { latenciesOf } from '../../../../bench/load/percentile.ts'
import { lifecycleTargets, neighboursTable, timesTable } from '../../../../bench/suites/lifecycle/tables.ts'

const loadOf = (p99Ms: number, broken = 0): LoadResult => ({
  requests: 100,
  statuses: { 200: 100 },
  accepted: latenciesOf(Array.from({ length: 100 }, () => p99Ms)),
  refused: latenciesOf([]),
  broken,
  unanswered: 0,
  elapsedMs: 1000,
  sentLateP99Ms: 1,
  generatorCpuMs: 1,
})

const TIMES = { coldStartMs: [900, 1001, 1000], loadMs: [200], replaceMs: [501, 502, 400] }
const NEIGHBOURS = {
  steady: [loadOf(2), loadOf(20), loadOf(1)],
  swapping: loadOf(3, 1),
  loadingLarge: [loadOf(2.4), loadOf(20), loadOf(100)],
  swaps: 3,
  loads: 3,
}

describe('lifecycle', () => {
  it('holds the median of the times, what is lost, and the latency beside a load to what is promised', () => {
    const lines = lifecycleTargets(TIMES, NEIGHBOURS).map(({ name, isMet }) => `${name}: ${isMet}`)
    assert.deepEqual(lines, [
      'cold start to the first prediction: true',
      'replace after a worker crash: false',
      'requests lost in swaps: false',
      'p99 while 200 MB load ÷ steady p99: true',
    ])
  })

  it('has as many cells as columns in every row', () => {
    for (const { columns, rows } of [timesTable(TIMES), neighboursTable(NEIGHBOURS)]) {
      assert.equal(rows.length, 3)
      for (const row of rows) assert.equal(row.length, columns.length)
    }
  })
})
