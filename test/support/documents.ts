import assert from 'node:assert/strict'

/** What stands between the two marks of a section. */
export function sectionOf(document: string, name: string): string {
  const start = document.indexOf(`<!-- ${name} -->`)
  const end = document.indexOf(`<!-- /${name} -->`)
  assert.ok(start >= 0 && end > start, `the document has no section '${name}'`)
  return document.slice(start, end).replace(`<!-- ${name} -->`, '')
}

/** Without the padding that the formatter gives to tables. */
export function normalizedTable(table: string): string {
  return table.trim().replace(/ +/g, ' ').replace(/-{3,}/g, '---')
}
