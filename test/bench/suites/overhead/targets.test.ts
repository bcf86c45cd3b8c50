import assert from 'node:assert/strict'
import type { Measurement } from '../../../../bench/measure.ts'
import type { Overhead, Point } from '../../../../bench/suites/overhead/results.ts'
import { overheadTables } from '../../../../bench/suites/overhead/tables.ts'
import { overheadTargets } from '../../../../bench/suites/overhead/targets.ts'

const measurement = (requestsPerSecond: number, p50Ms: number): Measurement => ({
  requestsPerSecond,
  p50Ms,
  p90Ms: 1.5 * p50Ms,
  p99Ms: 2 * p50Ms,
  frontendCpuMicros: 50,
  workerCpuMicros: 40,
  generatorCpuMicros: 20,
  batchRows: 3,
  spread: 0.125,
})

const point = (changes: Partial<Point>): Point => ({
  model: 'mid',
  wire: 'JSON',
  connections: 32,
  onnxserve: measurement(1500, 1),
  bare: measurement(1000, 1),
  rawRowsPerSecond: 4000,
  rawBatchRows: 3,
  ...changes,
})

const OVERHEAD: Overhead = {
  points: [
    point({ model: 'tiny', connections: 1, onnxserve: measurement(900, 1.25) }),
    point({ model: 'tiny', connections: 8 }),
    point({}),
    point({ wire: 'V2 binary', connections: 1 }),
    point({ wire: 'V2 binary', onnxserve: measurement(2999, 1) }),
  ],
  memory: [
    { model: 'mid', modelBytes: 3e6, frontendResidentBytes: 100e6, workerPrivateBytes: 94e6 },
    { model: 'tiny', modelBytes: 0, frontendResidentBytes: 131e6, workerPrivateBytes: 50e6 },
  ],
  lone: { delayMs: 5, batching: measurement(40, 1.5), single: measurement(40, 0.5) },
}

describe('targets of the overhead', () => {
  it('compare throughput, delay and memory with what is promised', () => {
    const lines = overheadTargets(OVERHEAD).map(({ name, isMet }) => `${name}: ${isMet}`)
    assert.deepEqual(lines, [
      'mid, JSON, c=32: × (a): true',
      'mid, V2 binary, c=32: × (a): false',
      'tiny, JSON, c=1: p50 over (a): false',
      'lone request, maxBatchDelayMs 5: p50 over batch size 1: true',
      'mid: frontend RSS after the run: true',
      'mid: worker process private memory, without the model: false',
      'tiny: frontend RSS after the run: false',
      'tiny: worker process private memory, without the model: true',
    ])
  })
})

describe('table of the overhead', () => {
  it('has one row per point, with its ratios, and as many cells as columns', () => {
    const [table] = overheadTables(OVERHEAD)
    assert.equal(table?.rows.length, OVERHEAD.points.length)
    assert.deepEqual(
      table.rows.map((row) => row.length),
      OVERHEAD.points.map(() => table.columns.length),
    )
    const row = ['mid', 'JSON', '32', 1500, '13 %', 1, 2, 50, 40, 3, 1000, 1, 2, 50, '4000 at 3', 1.5, 0.375]
    assert.deepEqual(table.rows[2], row)
  })
})
