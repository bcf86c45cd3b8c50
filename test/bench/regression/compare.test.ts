import assert from 'node:assert/strict'
import { betterOf, compareRatios, type Rule } from '../../../bench/regression/compare.ts'

const RULES: readonly Rule[] = [
  { suffix: 'CPU', worse: 'larger', tolerance: 1.5 },
  { suffix: 'speed', worse: 'smaller', tolerance: 2 },
]

describe('compareRatios', () => {
  const CASES = [
    { it: 'accepts what is as it was', name: 'tiny: CPU', committed: 2, measured: 2, isRegression: false },
    { it: 'accepts what is better', name: 'tiny: CPU', committed: 2, measured: 0.1, isRegression: false },
    { it: 'accepts up to the tolerance', name: 'tiny: CPU', committed: 2, measured: 3, isRegression: false },
    { it: 'refuses beyond it', name: 'tiny: CPU', committed: 2, measured: 3.01, isRegression: true },
    { it: 'accepts more speed', name: 'tiny: speed', committed: 2, measured: 9, isRegression: false },
    { it: 'accepts half the speed', name: 'tiny: speed', committed: 2, measured: 1, isRegression: false },
    { it: 'refuses less', name: 'tiny: speed', committed: 2, measured: 0.99, isRegression: true },
    {
      it: 'refuses what is not a number',
      name: 'tiny: speed',
      committed: 2,
      measured: NaN,
      isRegression: true,
    },
  ]
  for (const { it: claim, name, committed, measured, isRegression } of CASES) {
    it(`${claim}: ${measured} for ${committed}`, () => {
      const [comparison] = compareRatios({ [name]: committed }, { [name]: measured }, RULES)
      assert.equal(comparison?.isRegression, isRegression)
    })
  }

  it('leaves out what was not committed, what was not measured, and what no rule speaks of', () => {
    const committed = { 'a: CPU': 1, 'b: CPU': 1, 'c: rows': 1 }
    const measured = { 'a: CPU': 1, 'd: CPU': 1, 'c: rows': 9 }
    const names = compareRatios(committed, measured, RULES).map(({ name }) => name)
    assert.deepEqual(names, ['a: CPU'])
  })
})

describe('betterOf', () => {
  const CASES = [
    { it: 'the smaller where larger is worse', name: 'a: CPU', first: 2, second: 3, better: 2 },
    { it: 'the larger where smaller is worse', name: 'a: speed', first: 2, second: 3, better: 3 },
    { it: 'what is a number', name: 'a: CPU', first: NaN, second: 3, better: 3 },
    { it: 'what was a number', name: 'a: CPU', first: 3, second: NaN, better: 3 },
    { it: 'the later one where no rule tells', name: 'rows', first: 3, second: 1, better: 1 },
  ]
  for (const { it: claim, name, first, second, better } of CASES) {
    it(`takes ${claim}`, () =>
      assert.deepEqual(betterOf({ [name]: first }, { [name]: second }, RULES), { [name]: better }))
  }

  it('keeps what only one of them has', () =>
    assert.deepEqual(betterOf({ 'a: CPU': 1 }, { 'b: CPU': 2 }, RULES), { 'a: CPU': 1, 'b: CPU': 2 }))
})
