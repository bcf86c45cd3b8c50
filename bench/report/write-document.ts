import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { documentOf, PICTURES } from './document.ts'
import { readReports, RESULTS_DIRECTORY } from './result-files.ts'

const DOCS = fileURLToPath(new URL('../../docs', import.meta.url))

/** Writes docs/benchmarks.md and its pictures from bench/results/. */
export async function writeDocument(names: readonly string[]): Promise<void> {
  const files = await documentOf(readReports(RESULTS_DIRECTORY), names)
  // A picture that no suite draws any more would stay behind.
  rmSync(join(DOCS, PICTURES), { recursive: true, force: true })
  mkdirSync(join(DOCS, PICTURES), { recursive: true })
  for (const [path, content] of files) writeFileSync(join(DOCS, path), content)
}
