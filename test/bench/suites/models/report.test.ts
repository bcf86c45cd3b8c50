import assert from 'node:assert/strict'
import type { RealModel } from '../../../../bench/models/real-models.ts'
import type { ModelResults } from '../../../../bench/suites/models/measure-model.ts'
import { ratiosOf, targetsOf } from '../../../../bench/suites/models/report.ts'

function results(name: string, rates: { readonly server: number; readonly loop: number }): ModelResults {
  const model: RealModel = { name, parameters: 1e6, write: () => '', row: [] }
  const server = {
    rowsPerSecond: rates.server,
    p50Ms: 1,
    p99Ms: 1,
    batchRows: 1,
    frontendCpuMicrosPerRow: 1,
    workerCpuMicrosPerRow: 1,
  }
  const loop = { rowsPerSecond: rates.loop, cpuMicrosPerRow: 1, isSpinning: true }
  return {
    ...{ model, weightBytes: 4e6, sweep: [], batchRows: 1 },
    loop: { ...loop, runs: [loop] },
    server: { ...server, runs: [server] },
  }
}

describe('the report of the models suite', () => {
  const measured = [
    results('resnet-50', { server: 19, loop: 20 }),
    results('bert-base', { server: 8, loop: 10 }),
    results('digits', { server: 1, loop: 10 }),
  ]

  it('promises a share of the loop for the large models only', () => {
    const targets = targetsOf(measured).map(({ measured: share, isMet }) => ({ share, isMet }))
    assert.deepEqual(targets, [
      { share: 0.95, isMet: true },
      { share: 0.8, isMet: false },
    ])
  })

  it('lets the regression check compare shares, no rates', () => {
    assert.deepEqual(ratiosOf(measured), {
      'resnet-50 × loop': 0.95,
      'bert-base × loop': 0.8,
      'digits × loop': 0.1,
    })
  })
})
