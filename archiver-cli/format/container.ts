import { brokenArchive, brokenEntry } from './archive-errors.ts'
import { checkDistinctNames, checkEntryName } from './entry-name.ts'

/** One regular file in an archive. `bytes` is what the container claims; the content is counted against it. */
export type ArchiveEntry = { readonly path: string; readonly bytes: number }

/** `source`: files that were found, without an archive around them. */
export type ContainerFormat = 'mar' | 'tgz' | 'directory' | 'source'

export type EntryReceiver = (entry: ArchiveEntry, content: AsyncIterable<Uint8Array>) => Promise<void>

/** A form in which an archive is stored: zip file, gzipped tar file, directory, or none. */
export interface Container {
  readonly format: ContainerFormat
  /** Every file, in stored order, after {@link checkEntries}. */
  readonly entries: readonly ArchiveEntry[]

  /**
   * Streams the wanted files one after another, in stored order. `receive` reads its content to the end or throws,
   * which ends the reading. The content may be longer or shorter than claimed.
   */
  read(isWanted: (entry: ArchiveEntry) => boolean, receive: EntryReceiver): Promise<void>
}

export const MAX_ENTRIES = 1000
/** Deflate cannot exceed 1032; real weights stay below 20. */
export const MAX_COMPRESSION_RATIO = 200
/** Below this size a high ratio does no harm: short files of zeros are common. */
export const RATIO_FREE_BYTES = 1024 * 1024
export const MAX_TOTAL_BYTES = 8 * 1024 ** 3

export function exceedsRatio(bytes: number, compressedBytes: number): boolean {
  return bytes > RATIO_FREE_BYTES && bytes > compressedBytes * MAX_COMPRESSION_RATIO
}

/**
 * What must hold for any list of entries before one byte is extracted.
 *
 * @throws ServingError `invalid_argument`
 */
export function checkEntries(entries: readonly ArchiveEntry[]): void {
  checkEntryCount(entries.length)
  for (const { path, bytes } of entries) {
    checkEntryName(path)
    if (!Number.isSafeInteger(bytes) || bytes < 0) throw brokenEntry(path, 'has no valid size')
  }
  checkDistinctNames(entries.map((entry) => entry.path))
  const totalBytes = entries.reduce((sum, entry) => sum + entry.bytes, 0)
  if (totalBytes > MAX_TOTAL_BYTES) {
    throw brokenArchive(`its files hold ${totalBytes} bytes together, allowed are ${MAX_TOTAL_BYTES}`)
  }
}

export function checkEntryCount(count: number): void {
  if (count > MAX_ENTRIES) throw brokenArchive(`has ${count} entries, allowed are ${MAX_ENTRIES}`)
}

/** Reads content to its end for its own sake: to get past it, or to have it checked. */
export async function drain(content: AsyncIterable<unknown>): Promise<void> {
  const chunks = content[Symbol.asyncIterator]()
  while ((await chunks.next()).done !== true);
}
