import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { QUIRKS } from '../frontend/protocols/torchserve/quirks.ts'
import { quirksTable } from '../frontend/protocols/torchserve/quirks-document.ts'
import { normalizedTable, sectionOf } from './support/documents.ts'

describe('docs/from-torchserve.md', () => {
  it('has the table of quirks that the code makes (npm run docs:tables)', async () => {
    const guide = await readFile(new URL('../docs/from-torchserve.md', import.meta.url), 'utf8')
    assert.equal(normalizedTable(sectionOf(guide, 'quirks')), normalizedTable(quirksTable()))
  })
})

describe('the table of quirks', () => {
  it('has a row for every quirk, and words in every cell', () => {
    const rows = quirksTable().split('\n').slice(2)
    assert.equal(rows.length, Object.keys(QUIRKS).length)
    for (const row of rows) {
      const cells = row.split(/(?<!\\)\|/).slice(1, -1)
      assert.equal(cells.length, 4, row)
      for (const cell of cells) assert.notEqual(cell.trim(), '', row)
    }
  })
})
