import assert from 'node:assert/strict'
import { markdownTable, sectionOf } from '../../../bench/report/markdown.ts'
import { shownNumber } from '../../../bench/report/shown-number.ts'
import type { SuiteReport } from '../../../bench/report/suite-report.ts'
import type { SuiteResult } from '../../../bench/suites/suite.ts'
import { target } from '../../../bench/suites/target.ts'

const RESULT: SuiteResult = {
  settings: 'median of 3 runs.',
  tables: [{ title: 'Speed', columns: ['model', 'req/s'], rows: [['tiny', 1234.5]], note: 'A note.' }],
  charts: [],
  targets: [
    target({ name: 'fast', measured: 1.5, limit: 1.5, bound: 'least', unit: ' ×' }),
    target({ name: 'short', measured: 0.26, limit: 0.2, bound: 'most', unit: ' ms' }),
  ],
  ratios: {},
  skipped: [{ what: 'the other server', reason: 'it is not installed' }],
}

const REPORT: SuiteReport = {
  suite: 'overhead',
  about: 'What it adds.',
  machine: 'a machine',
  date: '2025-01-01',
  node: 'v20',
  isQuick: false,
  tookSeconds: 12,
  quickBudgetSeconds: 11,
  result: RESULT,
}

describe('sectionOf', () => {
  it('tells the circumstances, targets, tables, pictures and what was skipped, in this order', () => {
    const section = sectionOf(REPORT, [{ title: 'A picture', path: 'benchmarks/overhead-1.svg' }])
    assert.deepEqual(section.split('\n'), [
      ...['## overhead', '', 'What it adds.', ''],
      ...['a machine; Node.js v20; 2025-01-01; median of 3 runs; took 12 s.', ''],
      ...['| target | wanted | measured | met |', '| --- | --- | --- | --- |'],
      ...['| fast | ≥ 1.5 × | 1.50 × | yes |', '| short | ≤ 0.2 ms | 0.26 ms | **no** |', ''],
      ...['### Speed', '', '| model | req/s |', '| --- | --- |', '| tiny | 1235 |', '', 'A note.', ''],
      ...['![A picture](benchmarks/overhead-1.svg)', ''],
      ...['Not measured:', '', '- the other server: it is not installed'],
    ])
  })

  const FORMS = [
    { it: 'that only the quick form ran', quickBudgetSeconds: 12, said: 'took 12 s (quick form).' },
    {
      it: 'that it took longer than it may',
      quickBudgetSeconds: 11,
      said: 'took 12 s (quick form, **more than its 11 s**).',
    },
  ]
  for (const { it: what, quickBudgetSeconds, said } of FORMS) {
    it(`says ${what}`, () =>
      assert.ok(sectionOf({ ...REPORT, isQuick: true, quickBudgetSeconds }).includes(said)))
  }

  it('shows a dash for what was no number, read back from JSON', () => {
    const rows = JSON.parse(JSON.stringify([[NaN, 1]])) as number[][]
    assert.match(markdownTable(['a', 'b'], rows), /\| – \| 1 \|$/)
  })
})

describe('shownNumber', () => {
  const CASES: readonly [number, string][] = [
    [0, '0'],
    [3, '3'],
    [1234567, '1234567'],
    [1234.5, '1235'],
    [123.4, '123'],
    [12.34, '12.3'],
    [1.234, '1.23'],
    [0.1234, '0.12'],
    [-0.1234, '-0.12'],
    [NaN, '–'],
  ]
  for (const [value, expected] of CASES)
    it(`shows ${value} as ${expected}`, () => assert.equal(shownNumber(value), expected))
})
