import assert from 'node:assert/strict'
import { check } from 'prettier'
import { documentOf } from '../../../bench/report/document.ts'
import type { SuiteReport } from '../../../bench/report/suite-report.ts'
import { target } from '../../../bench/suites/target.ts'

const report = (suite: string): SuiteReport => ({
  suite,
  about: `What ${suite} is.`,
  machine: 'a machine',
  date: '2025-01-01',
  node: 'v20',
  isQuick: false,
  tookSeconds: 1,
  quickBudgetSeconds: 1,
  result: {
    settings: 'one run',
    tables: [{ title: 'T', columns: ['a', 'a longer one'], rows: [[1, 'x']] }],
    charts: [
      {
        title: 'A chart',
        kind: 'line',
        xLabel: 'x',
        yLabel: 'y',
        series: [{ name: 's', points: [[1, 1]] }],
      },
    ],
    targets: [
      target({ name: 'kept', measured: 1, limit: 1, bound: 'least', unit: '' }),
      target({ name: 'missed', measured: 1, limit: 2, bound: 'least', unit: '' }),
    ],
    ratios: {},
    skipped: [],
  },
})

describe('document of the benchmarks', () => {
  const reports = new Map([report('payload'), report('overhead')].map((each) => [each.suite, each]))
  const made = documentOf(reports, ['overhead', 'gpu', 'payload'])
  const markdown = async () => (await made).get('benchmarks.md') ?? ''

  it('has the suites that have results, in the order of their list', async () => {
    const sections = [...(await markdown()).matchAll(/^## (.*)$/gm)].map(([, name]) => name)
    assert.deepEqual(sections, ['overhead', 'payload'])
  })

  it('says at its head how many targets each suite meets', async () => {
    assert.match(await markdown(), /\| \[overhead\]\(#overhead\) \| 1 of 2 +\|/)
  })

  it('draws a picture for each chart, and links it', async () => {
    const paths = [...(await made).keys()].filter((path) => path.endsWith('.svg'))
    assert.deepEqual(paths, ['benchmarks/overhead-1.svg', 'benchmarks/payload-1.svg'])
    for (const path of paths) assert.ok((await markdown()).includes(`![A chart](${path})`), path)
  })

  it('stays as it is when it is formatted', async () => {
    assert.ok(await check(await markdown(), { parser: 'markdown', printWidth: 110 }))
  })
})
