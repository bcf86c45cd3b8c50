import assert from 'node:assert/strict'
import type { RegistrationStep } from '../../../../bench/suites/scale/measure-registrations.ts'
import {
  kilobytesPerModel,
  ratiosOf,
  tablesOf,
  targetsOf,
  type Results,
} from '../../../../bench/suites/scale/report.ts'
import { measured } from '../../measured.ts'

const measurement = (p99Ms: number, requestsPerSecond = 100) => measured({ p99Ms, requestsPerSecond })

const step = (models: number, residentBytes: number): RegistrationStep => ({
  models,
  residentBytes,
  registrationMs: 5,
  registrationCpuMs: 4,
})

const RESULTS: Results = {
  workers: [
    { workers: 1, workerPrivateBytes: 40e6, ...measurement(5, 100) },
    { workers: 2, workerPrivateBytes: 60e6, ...measurement(5, 150) },
  ],
  registrations: {
    steps: [step(10, 100e6), step(100, 103e6), step(1010, 150e6)],
    alone: measurement(4),
    among: measurement(5),
    metricsMs: 80,
  },
}

describe('the report of the scale suite', () => {
  it('takes the growth from the first step to the last', () => {
    assert.equal(kilobytesPerModel(RESULTS.registrations.steps), 50)
  })

  it('holds growth and latency against what is promised', () => {
    assert.deepEqual(
      targetsOf(RESULTS).map(({ measured, isMet }) => ({ measured, isMet })),
      [
        { measured: 50, isMet: true },
        { measured: 1.25, isMet: false },
      ],
    )
  })

  it('compares workers by their ratio', () => assert.equal(ratiosOf(RESULTS)['two workers ÷ one'], 1.5))

  it('has no figure for what was there from the start', () => {
    assert.deepEqual(tablesOf(RESULTS)[1]?.rows[0], [10, '', '', 100, ''])
  })
})
