import { readdir, stat } from 'node:fs/promises'
import type { Stats } from 'node:fs'
import { basename, join } from 'node:path'
import { expandPattern } from './expand-pattern.ts'
import { invalidOption, unreadable } from './option-errors.ts'
import type { SourceFile } from './source-file.ts'

/** Never wanted in an archive; hidden directories are left out as well. */
const IGNORED = new Set(['__pycache__', '__MACOSX', '.DS_Store'])

/**
 * The files meant by `--extra-files`, laid flat as TorchServe does: a file under its own name, a directory's content
 * without the directory. Directories inside it keep their names.
 *
 * @param patterns files, directories, or patterns with `*`, `?` and `[…]`
 * @throws ServingError `invalid_argument` naming what matches nothing or is a link.
 */
export async function collectExtraFiles(patterns: readonly string[]): Promise<SourceFile[]> {
  const files: SourceFile[] = []
  for (const pattern of patterns) {
    const expanded = await expandPattern(pattern)
    const matches = expanded.filter((path) => path === pattern || !IGNORED.has(basename(path)))
    if (matches.length === 0) throw invalidOption(`--extra-files '${pattern}' matches no file`)
    for (const path of matches) files.push(...(await collect(path)))
  }
  return files
}

async function collect(path: string): Promise<SourceFile[]> {
  const stats = await statOf(path)
  if (stats.isDirectory()) return collectDirectory(path, '')
  if (!stats.isFile()) throw invalidOption(`--extra-files '${path}' is neither a file nor a directory`)
  return [{ path: basename(path), content: { file: path }, origin: path }]
}

async function collectDirectory(root: string, parent: string): Promise<SourceFile[]> {
  const files: SourceFile[] = []
  for (const item of await readdir(join(root, parent), { withFileTypes: true })) {
    const path = parent === '' ? item.name : `${parent}/${item.name}`
    const origin = join(root, path)
    if (IGNORED.has(item.name) || (item.isDirectory() && item.name.startsWith('.'))) continue
    if (item.isDirectory()) files.push(...(await collectDirectory(root, path)))
    else if (item.isFile()) files.push({ path, content: { file: origin }, origin })
    else throw invalidOption(`--extra-files '${origin}' is a link or a special file; copy the file there`)
  }
  return files
}

async function statOf(path: string): Promise<Stats> {
  try {
    return await stat(path)
  } catch (error) {
    throw unreadable('--extra-files', path, error)
  }
}
