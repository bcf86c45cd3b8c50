import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'
import type { Header } from 'tar-stream'
import { ServingError } from '../../worker/contract/errors.ts'
import { brokenArchive, brokenEntry, quote } from './archive-errors.ts'
import { MAX_TOTAL_BYTES, checkEntries, checkEntryCount, drain, exceedsRatio } from './container.ts'
import type { ArchiveEntry, Container, EntryReceiver } from './container.ts'
import { checkEntryName } from './entry-name.ts'
import { readRange } from './file-range.ts'
import { through } from './through.ts'

/** Headers and padding of the most entries that are allowed, generously. */
const MAX_TAR_BYTES = MAX_TOTAL_BYTES + 16 * 1024 * 1024

/**
 * Opens a `.tar.gz` file for reading; the caller keeps and closes the handle.
 *
 * Such a file has no directory, so opening it inflates it once from end to end. Its one root directory is not
 * part of the names.
 *
 * @throws ServingError `invalid_argument` for anything that an honest packer would not write.
 */
export async function openTar(file: FileHandle, sizeBytes: number): Promise<Container> {
  const root = new RootDirectory()
  const entries: ArchiveEntry[] = []
  await forEachFile(file, sizeBytes, async (header, content) => {
    entries.push({ path: root.strip(header.name), bytes: header.size })
    checkEntryCount(entries.length)
    await drain(content)
  })
  checkEntries(entries)
  return { format: 'tgz', entries, read }

  async function read(isWanted: (entry: ArchiveEntry) => boolean, receive: EntryReceiver): Promise<void> {
    await forEachFile(file, sizeBytes, async (header, content) => {
      const entry = { path: root.strip(header.name), bytes: header.size }
      await (isWanted(entry) ? receive(entry, content) : drain(content))
    })
  }
}

/** The first segment of every name, learned from the first one. */
class RootDirectory {
  #name: string | undefined

  strip(name: string): string {
    checkEntryName(name)
    const separator = name.indexOf('/')
    if (separator < 0) throw brokenEntry(name, 'lies outside the one root directory')
    this.#name ??= name.slice(0, separator)
    if (name.slice(0, separator) !== this.#name) {
      throw brokenEntry(name, `lies outside the one root directory ${quote(this.#name)}`)
    }
    return name.slice(separator + 1)
  }
}

type Visit = (header: Header, content: AsyncIterable<Uint8Array>) => Promise<void>

async function forEachFile(file: FileHandle, sizeBytes: number, visit: Visit): Promise<void> {
  const parser = extract()
  // A visitor's failure ends the streams, and the pipeline then reports their end instead of its reason.
  const failures: unknown[] = []
  parser.on('entry', (header, source, next) => {
    // It ends with an error of its own when the parser does; without a listener that would end the process.
    source.on('error', () => undefined)
    // tar-stream does not say that it streams bytes.
    const content = source as AsyncIterable<Uint8Array>
    visitEntry(header, content, visit).then(
      () => next(),
      (error: unknown) => {
        failures.push(error)
        next(new Error('stopped'))
      },
    )
  })
  try {
    const inflated = through(readRange(file, 0, sizeBytes), createGunzip())
    // A streamx Writable behaves as a Node one here; only its type has other names.
    await pipeline(Readable.from(bounded(inflated, sizeBytes)), parser as unknown as Writable)
  } catch (error) {
    throw [...failures, error].find(isTelling) ?? brokenArchive('is not a readable .tar.gz file', error)
  }
}

/** Ours, or the operating system's; all else is a complaint of a parser. */
function isTelling(error: unknown): error is Error {
  return error instanceof ServingError || (error instanceof Error && 'syscall' in error)
}

async function visitEntry(header: Header, content: AsyncIterable<Uint8Array>, visit: Visit): Promise<void> {
  if (header.type === 'directory') {
    checkEntryName(header.name.replace(/\/$/, ''))
    return drain(content)
  }
  if (header.type !== 'file') {
    throw brokenEntry(header.name, 'is a link or a special file; only regular files are allowed')
  }
  return visit(header, content)
}

/** Stops inflating once the whole has grown beyond reason, whatever its headers say. */
async function* bounded(inflated: AsyncIterable<Buffer>, compressedBytes: number): AsyncGenerator<Buffer> {
  let bytes = 0
  for await (const chunk of inflated) {
    bytes += chunk.length
    if (bytes > MAX_TAR_BYTES || exceedsRatio(bytes, compressedBytes)) {
      throw brokenArchive(`would grow from ${compressedBytes} to more than ${bytes} bytes: a bomb`)
    }
    yield chunk
  }
}
