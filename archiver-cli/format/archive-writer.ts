import { once } from 'node:events'
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import type { Stats } from 'node:fs'
import { TarArchive, ZipArchive } from 'archiver'
import type { Archiver, EntryData, ZipEntryData } from 'archiver'
import { openArchive } from './archive-reader.ts'
import type { Manifest } from './manifest.ts'
import { hardlyCompressible, packedContent, packedEntries, tooCompressible } from './packed-entry.ts'
import type { PackedEntry } from './packed-entry.ts'
import type { PackedFile } from './packed-file.ts'
import { moveIntoPlace, refuseExisting } from './target.ts'

/** `--archive-format`, in TorchServe's words. */
export const ARCHIVE_FORMATS = ['default', 'zip-store', 'tgz', 'no-archive'] as const
export type ArchiveFormat = (typeof ARCHIVE_FORMATS)[number]

/** The earliest time that a zip file can hold; every file of every archive carries it. */
export const PACKED_AT = new Date('1980-01-01T00:00:00Z')
const FILE_MODE = 0o644
/** Levels above it cost much time and gain little on weights. */
const DEFLATE_LEVEL = 6

export type WriteRequest = {
  /** File, or directory for `no-archive`; its parent is made when missing. */
  readonly target: string
  readonly format: ArchiveFormat
  readonly manifest: Manifest
  /** What the manifest lists. */
  readonly files: readonly PackedFile[]
  /** Replace an archive that is there already. */
  readonly force: boolean
  /** Stops the writing; what was written is removed. */
  readonly signal?: AbortSignal | undefined
}

export function archiveFileName(modelName: string, format: ArchiveFormat): string {
  switch (format) {
    case 'default':
    case 'zip-store':
      return `${modelName}.mar`
    case 'tgz':
      return `${modelName}.tar.gz`
    case 'no-archive':
      return modelName
    default:
      return format satisfies never
  }
}

/**
 * Writes an archive beside its target and renames it, once it is on the disk and the reader accepts it. After an
 * error nothing is left, and an archive that was there is untouched.
 *
 * Reproducible: the same manifest and files give the same bytes.
 *
 * @throws ServingError `already_exists` | `failed_precondition` | `invalid_argument`
 */
export async function writeArchive(request: WriteRequest): Promise<{ digest: string; bytes: number }> {
  const { target, force } = request
  await refuseExisting(request)
  await mkdir(dirname(target), { recursive: true })
  const staging = await mkdtemp(join(dirname(target), '.packing-'))
  try {
    const made = join(staging, basename(target))
    await writeAt(made, request)
    const { digest, bytes, close } = await openArchive(made, 'inapplicable')
    await close()
    // Again: packing takes a while, and another may have been faster.
    await refuseExisting(request)
    await moveIntoPlace({ made, target, staging, force })
    return { digest, bytes }
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
}

async function writeAt(path: string, request: WriteRequest): Promise<void> {
  const { format, manifest } = request
  const entries = await packedEntries(request)
  if (format === 'no-archive') return writeDirectory(path, entries)
  if (format === 'zip-store') return writeZip(path, entries, entries)
  const bombs = await tooCompressible(entries)
  if (format === 'default') return writeZip(path, entries, [...bombs, ...(await hardlyCompressible(entries))])
  return writeTar(
    { path, root: manifest.model.modelName, level: bombs.length > 0 ? 0 : DEFLATE_LEVEL },
    entries,
  )
}

async function writeZip(
  path: string,
  entries: readonly PackedEntry[],
  stored: readonly PackedEntry[],
): Promise<void> {
  const archive = new ZipArchive({ zlib: { level: DEFLATE_LEVEL } })
  const dataOf = (entry: PackedEntry) => ({ name: entry.file.path, store: stored.includes(entry) })
  await streamInto(path, archive, { entries, dataOf })
}

type TarTarget = { readonly path: string; readonly root: string; readonly level: number }

async function writeTar({ path, root, level }: TarTarget, entries: readonly PackedEntry[]): Promise<void> {
  const archive = new TarArchive({ gzip: true, gzipOptions: { level } })
  const dataOf = ({ file, listed }: PackedEntry) => ({
    name: `${root}/${file.path}`,
    // Of the stats archiver uses the size alone, and without it keeps the whole file in memory.
    stats: { size: listed.bytes } as Stats,
  })
  await streamInto(path, archive, { entries, dataOf })
}

type DataOf = (entry: PackedEntry) => EntryData | ZipEntryData

async function streamInto(
  path: string,
  archive: Archiver,
  content: { readonly entries: readonly PackedEntry[]; readonly dataOf: DataOf },
): Promise<void> {
  const output = await open(path, 'wx')
  const stop = new AbortController()
  // A failure on either side ends the other, and is thrown by the loop below.
  const appending = appendAll(archive, content, stop.signal).catch((error: Error) => archive.destroy(error))
  try {
    for await (const chunk of archive) await output.writeFile(chunk as Buffer) // typed as anything
    await output.sync()
  } finally {
    stop.abort()
    await appending
    await output.close()
  }
}

/** One entry after another: archiver would open every file at once, and never tells of one that it cannot read. */
async function appendAll(
  archive: Archiver,
  { entries, dataOf }: { readonly entries: readonly PackedEntry[]; readonly dataOf: DataOf },
  signal: AbortSignal,
): Promise<void> {
  for (const entry of entries) {
    const source = Readable.from(packedContent(entry))
    source.once('error', (error) => archive.destroy(error))
    try {
      const appended = once(archive, 'entry', { signal })
      archive.append(source, { date: PACKED_AT, mode: FILE_MODE, ...dataOf(entry) })
      await appended
    } finally {
      source.destroy()
    }
  }
  await archive.finalize()
}

async function writeDirectory(root: string, entries: readonly PackedEntry[]): Promise<void> {
  for (const entry of entries) {
    const path = join(root, entry.file.path)
    await mkdir(dirname(path), { recursive: true })
    const output = await open(path, 'wx', FILE_MODE)
    try {
      for await (const chunk of packedContent(entry)) await output.writeFile(chunk)
      await output.sync()
    } finally {
      await output.close()
    }
  }
}
