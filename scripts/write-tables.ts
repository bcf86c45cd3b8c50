import { readFile, writeFile } from 'node:fs/promises'
import { settingsTable } from '../frontend/config/document.ts'
import { quirksTable } from '../frontend/protocols/torchserve/quirks-document.ts'

/** The tables that are made from the code, and between which marks of which document they stand. */
const TABLES = [
  { path: 'README.md', section: 'settings', table: settingsTable },
  { path: 'docs/from-torchserve.md', section: 'quirks', table: quirksTable },
]

/** Writes a table anew. Runs at the root of the repository. */
async function writeTable({ path, section, table }: (typeof TABLES)[number]): Promise<void> {
  const text = await readFile(path, 'utf8')
  const place = new RegExp(`(<!-- ${section} -->\n)[^]*(\n<!-- /${section} -->)`)
  if (!place.test(text)) throw new Error(`${path} has no section '${section}'`)
  await writeFile(
    path,
    text.replace(place, (_, start: string, end: string) => `${start}\n${table()}\n${end}`),
  )
}

for (const table of TABLES) await writeTable(table)
