import { readFile, writeFile } from 'node:fs/promises'
import { settingsTable } from '../frontend/config/document.ts'

/** Puts the table of settings between its two marks in the README. Runs at the root of the repository. */
async function writeSettingsTable(path: string): Promise<void> {
  const text = await readFile(path, 'utf8')
  const section = /(<!-- settings -->\n)[^]*(\n<!-- \/settings -->)/
  if (!section.test(text)) throw new Error(`${path} has no section 'settings'`)
  await writeFile(
    path,
    text.replace(section, (_, start: string, end: string) => `${start}\n${settingsTable()}\n${end}`),
  )
}

await writeSettingsTable('README.md')
