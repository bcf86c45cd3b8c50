import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { documentOf, PICTURES } from './document.ts'
import { withTargets } from './readme-block.ts'
import { readReports, RESULTS_DIRECTORY } from './result-files.ts'

const README = fileURLToPath(new URL('../../README.md', import.meta.url))
const DOCS = fileURLToPath(new URL('../../docs', import.meta.url))

/** Writes docs/benchmarks.md, its pictures, and the README's table of targets from bench/results/. */
export async function writeDocument(names: readonly string[]): Promise<void> {
  const reports = readReports(RESULTS_DIRECTORY)
  const files = await documentOf(reports, names)
  // A picture that no suite draws any more would stay behind.
  rmSync(join(DOCS, PICTURES), { recursive: true, force: true })
  mkdirSync(join(DOCS, PICTURES), { recursive: true })
  for (const [path, content] of files) writeFileSync(join(DOCS, path), content)
  writeFileSync(README, await withTargets(readFileSync(README, 'utf8'), reports, names))
}
