import { entryNameProblem, foldName } from './format/entry-name.ts'
import type { PackedFile } from './format/packed-file.ts'
import { clashingFiles, invalidOption } from './option-errors.ts'

/** A file on its way into an archive, with where it came from in the user's words. */
export type SourceFile = PackedFile & { readonly origin: string }

/**
 * Refuses names that an archive cannot have, before anything is written.
 *
 * @throws ServingError `invalid_argument` naming the files.
 */
export function checkSourceFiles(files: readonly SourceFile[]): void {
  const byName = new Map<string, SourceFile>()
  for (const file of files) {
    const problem = entryNameProblem(file.path)
    if (problem !== undefined) throw invalidOption(`'${file.origin}' ${problem}`)
    if (file.path.toUpperCase().startsWith('MAR-INF/')) {
      throw invalidOption(`'${file.origin}' would lie in MAR-INF, which is the archive's own directory`)
    }
    const other = byName.get(foldName(file.path))
    if (other !== undefined) throw clashingFiles(file.path, other.origin, file.origin)
    byName.set(foldName(file.path), file)
  }
}
