import assert from 'node:assert/strict'
import { summaryOf } from '../../bench/summary.ts'
import type { SuiteReport } from '../../bench/report/suite-report.ts'
import { target } from '../../bench/suites/target.ts'

const report = (suite: string, tookSeconds: number): SuiteReport => ({
  ...{
    suite,
    about: '',
    machine: '',
    date: '',
    node: '',
    isQuick: true,
    tookSeconds,
    quickBudgetSeconds: 20,
  },
  result: {
    settings: '',
    tables: [],
    charts: [],
    targets: [2, 4].map((limit) => target({ name: '', measured: 3, limit, bound: 'least', unit: '' })),
    ratios: {},
    skipped: [],
  },
})

describe('summary of a run', () => {
  it('tells how long each took, which took too long, and which failed', () => {
    const summary = summaryOf([
      { kind: 'measured', report: report('overhead', 20) },
      { kind: 'failed', suite: 'payload', error: new Error('no server') },
      { kind: 'measured', report: report('scale', 21) },
    ])
    assert.deepEqual(summary.split('\n'), [
      '  overhead: 20 s; 1 of 2 targets met',
      '  payload: failed',
      '  scale: 21 s, more than its 20 s; 1 of 2 targets met',
      '3 suites, 41 s, 1 failed',
    ])
  })
})
