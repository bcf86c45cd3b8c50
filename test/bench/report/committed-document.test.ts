import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { documentOf, DOCUMENT, PICTURES } from '../../../bench/report/document.ts'
import { withTargets } from '../../../bench/report/readme-block.ts'
import { readReports, RESULTS_DIRECTORY } from '../../../bench/report/result-files.ts'
import { SUITES } from '../../../bench/suites/all.ts'

const DOCS = new URL('../../../docs/', import.meta.url)

describe('docs/benchmarks.md', () => {
  const names = SUITES.map(({ suite }) => suite.name)
  const reports = readReports(RESULTS_DIRECTORY)
  const made = documentOf(reports, names)

  it('is what bench/results make (npm run docs:benchmarks)', async () => {
    for (const [path, content] of await made)
      assert.equal(readFileSync(new URL(path, DOCS), 'utf8'), content, path)
  })

  it('says of the targets what the README says', async () => {
    const readme = readFileSync(new URL('../README.md', DOCS), 'utf8')
    assert.equal(await withTargets(readme, reports, names), readme)
  })

  it('has no picture beside it that it does not show', async () => {
    const shown = [...(await made).keys()].filter((path) => path !== DOCUMENT).toSorted()
    const there = readdirSync(new URL(`${PICTURES}/`, DOCS)).map((name) => `${PICTURES}/${name}`)
    assert.deepEqual(there.toSorted(), shown)
  })

  it('has results of suites that exist, and of none else', () => {
    assert.ok(reports.size > 0)
    assert.deepEqual(
      [...reports.keys()].filter((name) => !names.includes(name)),
      [],
    )
  })
})
