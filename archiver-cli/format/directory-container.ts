import { constants } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { brokenEntry } from './archive-errors.ts'
import { checkEntries, checkEntryCount } from './container.ts'
import type { ArchiveEntry, Container, EntryReceiver } from './container.ts'
import { checkEntryName } from './entry-name.ts'
import { readRange } from './file-range.ts'

/**
 * Opens a directory that is laid out as an archive.
 *
 * @throws ServingError `invalid_argument` for links, also hard ones: both can show a file from elsewhere.
 */
export async function openDirectory(root: string): Promise<Container> {
  const entries: ArchiveEntry[] = []
  for await (const path of walk(root, '')) {
    const file = await openRegularFile(root, path)
    try {
      entries.push({ path, bytes: (await file.stat()).size })
    } finally {
      await file.close()
    }
    checkEntryCount(entries.length)
  }
  entries.sort((a, b) => (a.path < b.path ? -1 : 1))
  checkEntries(entries)
  return {
    format: 'directory',
    entries,
    read: (isWanted, receive) => readEntries(root, entries.filter(isWanted), receive),
  }
}

async function* walk(root: string, parent: string): AsyncGenerator<string> {
  for (const item of await readdir(join(root, parent), { withFileTypes: true })) {
    const path = parent === '' ? item.name : `${parent}/${item.name}`
    checkEntryName(path)
    if (item.isDirectory()) yield* walk(root, path)
    else if (item.isFile()) yield path
    else throw brokenEntry(path, 'is a link or a special file; only regular files are allowed')
  }
}

async function readEntries(
  root: string,
  entries: readonly ArchiveEntry[],
  receive: EntryReceiver,
): Promise<void> {
  for (const entry of entries) {
    const file = await openRegularFile(root, entry.path)
    try {
      await receive(entry, readRange(file, 0, entry.bytes))
    } finally {
      await file.close()
    }
  }
}

async function openRegularFile(root: string, path: string): Promise<FileHandle> {
  // NONBLOCK: opening a named pipe must not wait for its writer.
  const file = await open(join(root, path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const stats = await file.stat()
    if (!stats.isFile()) throw brokenEntry(path, 'is not a regular file')
    if (stats.nlink !== 1) throw brokenEntry(path, 'is a hard link to a file elsewhere; copy it')
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}
