import { resolve } from 'node:path'
import { entryNameProblem, foldName } from './format/entry-name.ts'
import type { PackedFile } from './format/packed-file.ts'
import { clashingFiles, invalidOption } from './option-errors.ts'

/** A file on its way into an archive, with where it came from in the user's words. */
export type SourceFile = PackedFile & { readonly origin: string }

/**
 * The files as they go into the archive: each once, though it may have been named twice.
 *
 * @throws ServingError `invalid_argument` for names that an archive cannot have, before anything is written.
 */
export function mergeSourceFiles(files: readonly SourceFile[]): SourceFile[] {
  const byName = new Map<string, SourceFile>()
  for (const file of files) {
    const problem = entryNameProblem(file.path)
    if (problem !== undefined) throw invalidOption(`'${file.origin}' ${problem}`)
    if (file.path.toUpperCase().startsWith('MAR-INF/')) {
      throw invalidOption(`'${file.origin}' would lie in MAR-INF, which is the archive's own directory`)
    }
    const other = byName.get(foldName(file.path))
    if (other === undefined) byName.set(foldName(file.path), file)
    else if (!isSameFile(file, other)) throw clashingFiles(file.path, other.origin, file.origin)
  }
  return [...byName.values()]
}

function isSameFile(a: SourceFile, b: SourceFile): boolean {
  if (!('file' in a.content) || !('file' in b.content)) return false
  return a.path === b.path && resolve(a.content.file) === resolve(b.content.file)
}
