import assert from 'node:assert/strict'
import { percentile } from '../../bench/load/percentile.ts'
import type { Measurement } from '../../bench/measure.ts'
import { cpuMs, privateBytes, residentBytes } from '../../bench/process-usage.ts'
import { markdownOf } from '../../bench/report.ts'
import type { Report } from '../../bench/results.ts'
import { evaluateTargets } from '../../bench/targets.ts'

const measurement = (requestsPerSecond: number, p50Ms: number): Measurement => ({
  requestsPerSecond,
  p50Ms,
  p99Ms: 2 * p50Ms,
  frontendCpuMicros: 50,
  workerCpuMicros: 40,
  batchRows: 3,
})

function reportOf(mid: Measurement): Report {
  const bare = measurement(1000, 1)
  const raw = { rawRowsPerSecond: 4000, rawBatchRows: 3 }
  return {
    machine: 'a machine',
    date: '2025-01-01',
    node: 'v20',
    settings: 'default settings',
    points: [
      { model: 'tiny', connections: 1, onnxserve: measurement(900, 1.5), bare, ...raw },
      { model: 'mid', connections: 32, onnxserve: mid, bare, ...raw },
    ],
    memory: [
      { model: 'mid', modelBytes: 3e6, frontendResidentBytes: 100e6, workerPrivateBytes: 94e6 },
      { model: 'tiny', modelBytes: 0, frontendResidentBytes: 131e6, workerPrivateBytes: 50e6 },
    ],
  }
}

describe('evaluateTargets', () => {
  const isMet = (report: Report) => evaluateTargets(report).map((target) => `${target.name}: ${target.isMet}`)

  it('compares throughput, delay and memory with what is promised', () => {
    assert.deepEqual(isMet(reportOf(measurement(1300, 1))), [
      'mid at c=32, × (a): true',
      'tiny at c=1, p50 over (a): false',
      'mid: frontend RSS after the run: true',
      'mid: worker process private memory, without the model: false',
      'tiny: frontend RSS after the run: false',
      'tiny: worker process private memory, without the model: true',
    ])
  })

  it('says so when throughput falls just short', () => {
    assert.equal(isMet(reportOf(measurement(1299, 1)))[0], 'mid at c=32, × (a): false')
  })
})

describe('markdownOf', () => {
  it('writes one row per point, with its ratios', () => {
    const rows = markdownOf(reportOf(measurement(1300, 1))).split('\n')
    assert.ok(
      rows.includes(
        '| mid | 32 | 1300 | 1.00 | 2.00 | 50 | 40 | 3.00 | 1000 | 1.00 | 2.00 | 50 | 4000 at 3 | 1.30 | 0.33 |',
      ),
    )
  })
})

describe('percentile', () => {
  const CASES = [
    { values: [3, 1, 2], share: 0.5, expected: 2 },
    { values: [1, 2, 3, 4], share: 0.5, expected: 2 },
    { values: [1, 2, 3, 4], share: 0.99, expected: 4 },
    { values: [7], share: 0.5, expected: 7 },
  ]
  for (const { values, share, expected } of CASES) {
    it(`${share} of ${values.join(', ')} is ${expected}`, () =>
      assert.equal(percentile(values, share), expected))
  }
})

describe('process usage', () => {
  // It reads /proc.
  const itOnLinux = process.platform === 'linux' ? it : it.skip
  itOnLinux('reads time and memory of this process', () => {
    const usage = process.cpuUsage()
    const ownMs = (usage.user + usage.system) / 1000
    assert.ok(Math.abs(cpuMs(process.pid) - ownMs) < 100)
    assert.ok(privateBytes(process.pid) > 1e6)
    assert.ok(residentBytes(process.pid) >= privateBytes(process.pid) / 2)
  })
})
