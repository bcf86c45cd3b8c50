import { brokenArchive, brokenEntry, quote } from './archive-errors.ts'

/** What every file system in use can hold in one segment. */
const MAX_SEGMENT_BYTES = 255
const MAX_DEPTH = 16
/** Keeps a whole path, below a private directory, far from the 4096 bytes that Linux allows. */
const MAX_NAME_BYTES = 1024

/** What is wrong with the name of a file in an archive, or undefined. A good one is a plain relative path. */
export function entryNameProblem(name: string): string | undefined {
  if (name === '') return 'has an empty name'
  if (/[\p{Cc}\ufffd]/u.test(name)) return 'has a control character or broken UTF-8 in its name'
  if (name.includes('\\')) return 'has a backslash in its name'
  if (name.startsWith('/')) return 'has an absolute name'
  if (name.includes(':')) return 'has a drive letter or another colon in its name'
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return `has a name longer than ${MAX_NAME_BYTES} bytes`
  const segments = name.split('/')
  if (segments.includes('..')) return 'leaves the archive'
  if (segments.includes('') || segments.includes('.')) return 'has an empty or "." segment in its name'
  if (segments.length > MAX_DEPTH) return `lies deeper than ${MAX_DEPTH} directories`
  if (segments.some((segment) => Buffer.byteLength(segment) > MAX_SEGMENT_BYTES)) {
    return `has a segment longer than ${MAX_SEGMENT_BYTES} bytes in its name`
  }
  return undefined
}

/** @throws ServingError `invalid_argument` */
export function checkEntryName(name: string): void {
  const problem = entryNameProblem(name)
  if (problem !== undefined) throw brokenEntry(name, problem)
}

/**
 * Refuses two names that some file system would take for one file, and a file that is another's directory.
 *
 * @throws ServingError `invalid_argument` naming both.
 */
export function checkDistinctNames(names: readonly string[]): void {
  const seen = new Map<string, string>()
  for (const name of names) {
    const other = seen.get(foldName(name))
    if (other !== undefined) throw brokenArchive(`entries ${quote(other)} and ${quote(name)} have one name`)
    seen.set(foldName(name), name)
  }
  for (const name of names) {
    const file = parentsOf(name)
      .map((parent) => seen.get(foldName(parent)))
      .find((found) => found !== undefined)
    if (file !== undefined)
      throw brokenArchive(`entry ${quote(file)} is also the directory of ${quote(name)}`)
  }
}

/** Upper case first: `ß` and `ss`, `ſ` and `s` are equal for a case-insensitive file system. */
export function foldName(name: string): string {
  return name.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC')
}

function parentsOf(name: string): string[] {
  const segments = name.split('/')
  return segments.slice(1).map((_, i) => segments.slice(0, i + 1).join('/'))
}
