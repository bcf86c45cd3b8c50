import assert from 'node:assert/strict'
import type { LoadPoint, Mode } from '../../../../bench/suites/batching/measure-batching.ts'
import { chartsOf, ratiosOf, tableOf } from '../../../../bench/suites/batching/report.ts'

function point(mode: Mode, load: number, numbers: { answeredPerSecond: number; p50Ms: number }): LoadPoint {
  const closedBy = { idle_worker: 1, full: 3 }
  return {
    mode,
    load,
    offeredPerSecond: 100 * load,
    refusedShare: 0,
    p99Ms: 9,
    batchRows: 2,
    closedBy,
    ...numbers,
  }
}

const POINTS = [
  point('single', 1, { answeredPerSecond: 100, p50Ms: 2 }),
  point('batching', 1, { answeredPerSecond: 100, p50Ms: 3 }),
  point('single', 4, { answeredPerSecond: 100, p50Ms: 50 }),
  point('batching', 4, { answeredPerSecond: 350, p50Ms: 5 }),
]

describe('the report of the batching suite', () => {
  it('names the commonest reason first', () =>
    assert.equal(tableOf(POINTS).rows[0]?.at(-1), 'full 75, idle_worker 25'))

  it('compares throughput at the highest load and latency at the lowest', () => {
    assert.deepEqual(Object.values(ratiosOf(POINTS)), [3.5, 1.5])
  })

  it('draws a line for each mode', () => {
    const [answered] = chartsOf(POINTS)
    assert.deepEqual(
      answered?.series.map(({ points }) => points),
      [
        [
          [100, 100],
          [400, 100],
        ],
        [
          [100, 100],
          [400, 350],
        ],
      ],
    )
  })
})
