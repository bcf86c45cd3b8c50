import type { FileHandle } from 'node:fs/promises'
import { crc32, createInflateRaw } from 'node:zlib'
import { brokenArchive, brokenEntry, quote } from './archive-errors.ts'
import { checkEntries, checkEntryCount, exceedsRatio } from './container.ts'
import type { ArchiveEntry, Container, EntryReceiver } from './container.ts'
import { checkEntryName } from './entry-name.ts'
import { readExactly, readRange } from './file-range.ts'
import { through } from './through.ts'
import { readZipDirectory } from './zip-directory.ts'
import type { ZipRecord } from './zip-directory.ts'

const LOCAL_HEADER_BYTES = 30
const LOCAL_HEADER_SIGNATURE = 0x04034b50
/** Encrypted, strongly encrypted, or with a masked directory. */
const ENCRYPTION_FLAGS = 0x2041
const STORED = 0
const DEFLATED = 8
const FILE_TYPE_MASK = 0xf000
const REGULAR_FILE = 0x8000
const DIRECTORY = 0x4000

type ZipEntry = ArchiveEntry & {
  readonly isDeflated: boolean
  readonly crc: number
  /** From the local header to the end of the data. */
  readonly start: number
  readonly dataStart: number
  readonly dataEnd: number
}

/**
 * Opens a zip file for reading; the caller keeps and closes the handle.
 *
 * @throws ServingError `invalid_argument` for anything that an honest packer would not write.
 */
export async function openZip(file: FileHandle, sizeBytes: number): Promise<Container> {
  const directory = await readZipDirectory(file, sizeBytes)
  checkEntryCount(directory.records.length)
  directory.records.forEach(checkRecord)
  directory.records.filter(isDirectory).forEach(({ path }) => checkEntryName(path.slice(0, -1)))
  const fileRecords = directory.records.filter((record) => !isDirectory(record))
  checkEntries(fileRecords.map(({ path, uncompressedSize }) => ({ path, bytes: uncompressedSize })))
  const entries: ZipEntry[] = []
  for (const record of fileRecords) entries.push(await locate(file, record, directory.offset))
  checkOverlap(entries)
  return {
    format: 'mar',
    entries,
    read: (isWanted, receive) => readEntries(file, entries.filter(isWanted), receive),
  }
}

function isDirectory(record: ZipRecord): boolean {
  return record.path.endsWith('/') && record.uncompressedSize === 0
}

function checkRecord(record: ZipRecord): void {
  const { path, flags, compressionMethod, compressedSize, uncompressedSize } = record
  if (!record.pathBuffer.equals(Buffer.from(path))) throw brokenEntry(path, 'has broken UTF-8 in its name')
  const type = unixType(record)
  if (type !== 0 && type !== (isDirectory(record) ? DIRECTORY : REGULAR_FILE)) {
    throw brokenEntry(path, 'is a link or a special file; only regular files are allowed')
  }
  if ((flags & ENCRYPTION_FLAGS) !== 0) throw brokenEntry(path, 'is encrypted')
  if (compressionMethod !== STORED && compressionMethod !== DEFLATED) {
    throw brokenEntry(path, `uses compression method ${compressionMethod}; only stored and deflated are read`)
  }
  if (!Number.isSafeInteger(compressedSize) || !Number.isSafeInteger(record.offsetToLocalFileHeader)) {
    throw brokenEntry(path, 'has no valid place in the file')
  }
  if (compressionMethod === STORED && compressedSize !== uncompressedSize) {
    throw brokenEntry(path, 'is stored with two different sizes')
  }
  if (exceedsRatio(uncompressedSize, compressedSize)) {
    throw brokenEntry(path, `would grow from ${compressedSize} to ${uncompressedSize} bytes: a zip bomb`)
  }
}

/** File type bits of the mode, 0 where the packer gave none or was not a Unix one. */
function unixType(record: ZipRecord): number {
  const isUnix = record.versionMadeBy >> 8 === 3
  return isUnix ? (record.externalFileAttributes >>> 16) & FILE_TYPE_MASK : 0
}

/** Finds the data of an entry; the local header must tell the same story as the directory. */
async function locate(file: FileHandle, record: ZipRecord, limit: number): Promise<ZipEntry> {
  const { path, compressedSize, offsetToLocalFileHeader: start } = record
  const nameEnd = start + LOCAL_HEADER_BYTES + record.pathBuffer.length
  if (nameEnd > limit) throw brokenEntry(path, 'lies outside the file')
  const header = await readExactly(file, start, nameEnd)
  const agrees =
    header.readUInt32LE(0) === LOCAL_HEADER_SIGNATURE &&
    header.readUInt16LE(8) === record.compressionMethod &&
    (header.readUInt16LE(6) & ENCRYPTION_FLAGS) === 0 &&
    header.readUInt16LE(26) === record.pathBuffer.length &&
    header.subarray(LOCAL_HEADER_BYTES).equals(record.pathBuffer)
  if (!agrees) throw brokenEntry(path, 'is described in two different ways')
  const dataStart = nameEnd + header.readUInt16LE(28)
  const dataEnd = dataStart + compressedSize
  if (dataEnd > limit) throw brokenEntry(path, 'lies outside the file')
  const isDeflated = record.compressionMethod === DEFLATED
  return { path, bytes: record.uncompressedSize, isDeflated, crc: record.crc32, start, dataStart, dataEnd }
}

/** Entries that share data are how a few kilobytes become terabytes (Fifield's overlapped-file bomb). */
function checkOverlap(entries: readonly ZipEntry[]): void {
  const inOrder = entries.toSorted((a, b) => a.start - b.start)
  inOrder.forEach((entry, i) => {
    const next = inOrder[i + 1]
    if (next !== undefined && entry.dataEnd > next.start) {
      throw brokenArchive(`entries ${quote(entry.path)} and ${quote(next.path)} overlap`)
    }
  })
}

async function readEntries(
  file: FileHandle,
  entries: readonly ZipEntry[],
  receive: EntryReceiver,
): Promise<void> {
  for (const entry of entries) {
    const stored = readRange(file, entry.dataStart, entry.dataEnd)
    const content = entry.isDeflated ? through(stored, createInflateRaw()) : stored
    try {
      await receive(entry, checkingCrc(entry, content))
    } catch (error) {
      throw isZlibError(error) ? brokenEntry(entry.path, 'has corrupt data', error) : error
    }
  }
}

/** The manifest itself is covered by no digest: this sum is what finds a flipped bit in it. */
async function* checkingCrc(entry: ZipEntry, content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let crc = 0
  for await (const chunk of content) {
    crc = crc32(chunk, crc)
    yield chunk
  }
  if (crc !== entry.crc) throw brokenEntry(entry.path, 'has corrupt data: its checksum differs')
}

function isZlibError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')
}
