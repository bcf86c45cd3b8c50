import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { runSuites, type SuiteOutcome } from '../../bench/run-suites.ts'
import type { BenchContext, SuiteResult } from '../../bench/suites/suite.ts'

const RESULT: SuiteResult = {
  settings: 'none',
  tables: [],
  charts: [],
  targets: [],
  ratios: { one: 1 },
  skipped: [],
}

describe('runSuites', () => {
  it('goes on after a suite that fails, and clears up behind each', async () => {
    const directories: string[] = []
    const entry = (name: string, run: (context: BenchContext) => Promise<SuiteResult>) => ({
      suite: {
        name,
        about: name,
        run: (context: BenchContext) => {
          directories.push(context.directory)
          return run(context)
        },
      },
      quickBudgetSeconds: 60,
    })
    const entries = [
      entry('broken', () => Promise.reject(new Error('no server'))),
      entry('whole', async () => RESULT),
    ]
    const outcomes: SuiteOutcome[] = []
    for await (const each of runSuites({ entries, quick: true, flags: [] }, () => {})) outcomes.push(each)
    assert.deepEqual(
      outcomes.map((outcome) => (outcome.kind === 'failed' ? outcome.suite : outcome.report.suite)),
      ['broken', 'whole'],
    )
    assert.deepEqual(
      outcomes.map(({ kind }) => kind),
      ['failed', 'measured'],
    )
    assert.equal(new Set(directories).size, 2)
    assert.deepEqual(directories.filter(existsSync), [])
  })

  it('gives up on a suite that does not end, and goes on', async () => {
    const endless = { name: 'endless', about: '', run: () => new Promise<SuiteResult>(() => {}) }
    const entries = [{ suite: endless, quickBudgetSeconds: 0.01 }]
    const outcomes: SuiteOutcome[] = []
    for await (const each of runSuites({ entries, quick: true, flags: [] }, () => {})) outcomes.push(each)
    const [outcome] = outcomes
    assert.ok(outcome?.kind === 'failed')
    assert.match(String(outcome.error), /it did not end within 0\.03 s/)
  })
})
