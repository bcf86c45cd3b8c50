import assert from 'node:assert/strict'
import { SUITES } from '../../../bench/suites/all.ts'

const TEN_MINUTES_SECONDS = 600

describe('the suites of the benchmark', () => {
  it('may take ten minutes together in their quick form', () => {
    const seconds = SUITES.reduce((sum, { quickBudgetSeconds }) => sum + quickBudgetSeconds, 0)
    assert.ok(seconds <= TEN_MINUTES_SECONDS, `${seconds} s`)
  })

  it('have names of their own', () => {
    const names = SUITES.map(({ suite }) => suite.name)
    assert.deepEqual(names, [...new Set(names)])
  })
})
