import assert from 'node:assert/strict'
import { ratiosOf } from '../../../../bench/suites/overhead/ratios.ts'
import type { Overhead, Point } from '../../../../bench/suites/overhead/results.ts'
import { overheadTables } from '../../../../bench/suites/overhead/tables.ts'
import { overheadTargets } from '../../../../bench/suites/overhead/targets.ts'
import { measured } from '../../measured.ts'

const measurement = (requestsPerSecond: number, p50Ms: number) =>
  measured({ requestsPerSecond, p50Ms, p99Ms: 2 * p50Ms })

const point = (changes: Partial<Point>): Point => ({
  model: 'mid',
  wire: 'JSON',
  connections: 32,
  onnxserve: measurement(1500, 1),
  bare: measurement(1000, 1),
  raw: [{ rowsPerSecond: 4000, cpuMicrosPerRow: 1 }],
  rawBatchRows: 3,
  ...changes,
})

const memory = (bytes: number) => ({ residentBytes: bytes, proportionalBytes: bytes, privateBytes: bytes })

const OVERHEAD: Overhead = {
  points: [
    point({ model: 'tiny', connections: 1, onnxserve: measurement(900, 1.25) }),
    point({ model: 'tiny', connections: 8 }),
    point({}),
    point({ wire: 'V2 binary', connections: 1 }),
    point({ wire: 'V2 binary', onnxserve: measurement(2999, 1) }),
  ],
  memory: [
    { model: 'mid', modelBytes: 3e6, frontend: memory(100e6), workers: memory(94e6), bare: memory(1) },
    { model: 'tiny', modelBytes: 0, frontend: memory(131e6), workers: memory(50e6), bare: memory(1) },
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

describe('tables of the overhead', () => {
  const [throughput, loops, lone, memories] = overheadTables(OVERHEAD)

  it('have as many cells as columns, and the first a row for each point', () => {
    for (const { columns, rows } of overheadTables(OVERHEAD)) {
      assert.deepEqual(
        rows.map((row) => row.length),
        rows.map(() => columns.length),
      )
    }
    const rows = [throughput, loops, lone, memories].map((table) => table?.rows.length)
    assert.deepEqual(rows, [5, 5, 2, 6])
  })

  it('show a point with its ratios', () => {
    const row = ['mid', 'JSON', '32', 1500, '0 %', 1, 2, 50, 40, 3, 1000, 1, 2, 50, '4000 at 3', 1.5, 0.375]
    assert.deepEqual(throughput?.rows[2], row)
  })

  it('say where the load generator was the limit', () => {
    const busy = { ...OVERHEAD, points: [point({ bare: measured({ generatorShare: 0.81 }) })] }
    assert.deepEqual(overheadTables(busy)[1]?.rows[0]?.slice(-2), ['50 %', '81 %, the limit'])
  })
})

describe('ratios of the overhead', () => {
  it('compare runs of the same round', () => {
    const [slow, fast] = [{ requestsPerSecond: 100 }, { requestsPerSecond: 1000 }]
    const onnxserve = measured({ requestsPerSecond: 200 }, { requestsPerSecond: 2000 }, fast)
    const ratios = Object.fromEntries(ratiosOf(point({ onnxserve, bare: measured(slow, fast, fast) })))
    assert.equal(ratios['mid, JSON, c=32: requests/s ÷ bare'], 2)
  })
})
