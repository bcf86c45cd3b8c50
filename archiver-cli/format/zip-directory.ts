import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { Open } from 'unzipper'
import type { File as ZipRecord } from 'unzipper'
import { brokenArchive } from './archive-errors.ts'
import { checkEntryCount } from './container.ts'
import { readExactly } from './file-range.ts'

export type { ZipRecord }

declare module 'unzipper' {
  // @types/unzipper 0.10.11 lacks the second parameter of `custom`.
  // eslint-disable-next-line @typescript-eslint/no-namespace -- the types to extend are a namespace
  namespace Open {
    function custom(
      source: { size: () => Promise<number>; stream: (offset: number, length: number) => Readable },
      options: { tailSize: number },
    ): Promise<CentralDirectory>
  }
}

const END_BYTES = 22
const END_SIGNATURE = 0x06054b50
const RECORD_BYTES = 46
const RECORD_SIGNATURE = 0x02014b50
const LOCATOR_BYTES = 20
const LOCATOR_SIGNATURE = 0x07064b50
const ZIP64_END_BYTES = 56
const ZIP64_END_SIGNATURE = 0x06064b50
/** Room for the longest allowed names and then some; the directory is read into memory. */
const MAX_DIRECTORY_BYTES = 4 * 1024 * 1024

export type ZipDirectory = {
  readonly records: readonly ZipRecord[]
  /** Where the central directory begins, hence where the last entry must have ended. */
  readonly offset: number
}

/**
 * Reads the central directory of a zip file: the one list of what is inside.
 *
 * Its place and size are checked here before the parser sees it. The parser works on memory, because its file
 * streams stay open when it stops early and their errors reach nobody.
 *
 * @see PKWARE APPNOTE.TXT 4.3.12, 4.3.14 to 4.3.16
 */
export async function readZipDirectory(file: FileHandle, sizeBytes: number): Promise<ZipDirectory> {
  const { offset, bytes, count } = await locateDirectory(file, sizeBytes)
  checkEntryCount(count)
  if (sizeBytes - offset > MAX_DIRECTORY_BYTES) throw brokenArchive('has an oversized central directory')
  const directory = await readExactly(file, offset, sizeBytes)
  const source = {
    size: () => Promise.resolve(sizeBytes),
    stream: (start: number) => Readable.from([directory.subarray(start - offset)]),
  }
  const { files } = await Open.custom(source, { tailSize: END_BYTES }).catch((error: unknown) => {
    throw brokenArchive('has an unreadable central directory', error)
  })
  const isWhole = files.every(({ signature }) => signature === RECORD_SIGNATURE) && bytesOf(files) === bytes
  if (!isWhole) throw brokenArchive('has an unreadable central directory')
  return { records: files, offset }
}

function bytesOf(records: readonly ZipRecord[]): number {
  const sizes = records.map((each) => each.fileNameLength + each.extraFieldLength + each.fileCommentLength)
  return sizes.reduce((sum, size) => sum + RECORD_BYTES + size, 0)
}

type Location = { readonly offset: number; readonly bytes: number; readonly count: number }

async function locateDirectory(file: FileHandle, sizeBytes: number): Promise<Location> {
  if (sizeBytes < END_BYTES) throw notZip()
  const tailBytes = Math.min(sizeBytes, ZIP64_END_BYTES + LOCATOR_BYTES + END_BYTES)
  const tail = await readExactly(file, sizeBytes - tailBytes, sizeBytes)
  const end = tail.subarray(tailBytes - END_BYTES)
  if (end.readUInt32LE(0) !== END_SIGNATURE) throw notZip()
  if (end.readUInt16LE(4) !== 0 || end.readUInt16LE(6) !== 0)
    throw brokenArchive('is split over several files')
  const location = { count: end.readUInt16LE(10), bytes: end.readUInt32LE(12), offset: end.readUInt32LE(16) }
  const isZip64 = location.count === 0xffff || location.offset === 0xffffffff
  const { count, bytes, offset } = isZip64 ? zip64Location(tail, sizeBytes) : location
  const directoryEnd = sizeBytes - (isZip64 ? tailBytes : END_BYTES)
  if (offset + bytes !== directoryEnd) throw brokenArchive('has a misplaced central directory')
  return { offset, bytes, count }
}

/** The zip64 records must lie directly before the end record: there is one way to read the file, or none. */
function zip64Location(tail: Buffer, sizeBytes: number): Location {
  const isComplete =
    tail.length === ZIP64_END_BYTES + LOCATOR_BYTES + END_BYTES &&
    tail.readUInt32LE(0) === ZIP64_END_SIGNATURE &&
    tail.readUInt32LE(ZIP64_END_BYTES) === LOCATOR_SIGNATURE &&
    Number(tail.readBigUInt64LE(ZIP64_END_BYTES + 8)) === sizeBytes - tail.length
  if (!isComplete) throw brokenArchive('has broken zip64 records')
  return {
    count: Number(tail.readBigUInt64LE(32)),
    bytes: Number(tail.readBigUInt64LE(40)),
    offset: Number(tail.readBigUInt64LE(48)),
  }
}

function notZip() {
  return brokenArchive('is cut short or not a zip file: it does not end with a zip directory')
}
