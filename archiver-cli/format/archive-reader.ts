import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, mkdir, open, rm, statfs } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ServingError } from '../../worker/contract/errors.ts'
import { blamingArchive, brokenArchive, brokenEntry } from './archive-errors.ts'
import type { Container, ContainerFormat } from './container.ts'
import { openDirectory } from './directory-container.ts'
import { checkExternalData } from './external-data.ts'
import { extractFile, verified } from './extract-file.ts'
import { readRange } from './file-range.ts'
import { MANIFEST_PATH, parseManifest } from './manifest.ts'
import type { Manifest, ManifestFile } from './manifest.ts'
import { checkManifest } from './manifest-check.ts'
import { parseModelConfig } from './model-config.ts'
import type { ModelConfig } from './model-config.ts'
import { openTar } from './tar-container.ts'
import { openZip } from './zip-container.ts'

/** A thousand files with the longest names fit. */
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024

/** An archive whose list of files, manifest and configuration have been checked. Holds a file open until closed. */
export interface OpenedArchive {
  readonly format: ContainerFormat
  readonly manifest: Manifest
  readonly config: ModelConfig
  /** SHA-256, as hex, of the archive file; of a directory's manifest, which covers every file in it. */
  readonly digest: string
  /** What all its files take on the disk once extracted. */
  readonly bytes: number

  /**
   * Reads every file and proves it against the manifest.
   *
   * @throws ServingError `invalid_argument` (reason `archive`)
   */
  verify(): Promise<void>

  /**
   * Extracts every file into a new private directory, proving each against the manifest while it is written. The
   * directory is itself an archive (of format `directory`), and durable when the promise resolves.
   *
   * `directory` must not exist; its parent must. Files are read-only. After an error nothing is left of it.
   *
   * @throws ServingError `invalid_argument` (reason `archive`) | `resource_exhausted` (reason `disk_full`)
   */
  readonly extractTo: (directory: string) => Promise<void>

  readonly close: () => Promise<void>
}

/**
 * Opens a model archive for reading: a `.mar` zip file, a `.tar.gz`, or a directory; the content decides which.
 *
 * Nothing in it is trusted: names, sizes, links and digests are checked before or while a byte is used. The
 * contents of files are proved by `extractTo`.
 *
 * @throws ServingError `not_found` | `invalid_argument` (reason `archive` or `model_config`)
 */
export function openArchive(path: string): Promise<OpenedArchive> {
  return blamingArchive(path, async () => {
    if ((await lstat(path)).isDirectory()) return describe(path, await openDirectory(path))
    // NONBLOCK: opening a named pipe must not wait for its writer.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      return await describe(path, await openFile(file), file)
    } catch (error) {
      await file.close()
      throw error
    }
  })
}

async function openFile(file: FileHandle): Promise<Container> {
  const stats = await file.stat()
  if (!stats.isFile()) throw brokenArchive('is neither a file nor a directory')
  const magic = Buffer.alloc(2)
  await file.read(magic, 0, 2, 0)
  const isGzip = magic.readUInt16BE(0) === 0x1f8b
  return isGzip ? openTar(file, stats.size) : openZip(file, stats.size)
}

async function describe(path: string, container: Container, file?: FileHandle): Promise<OpenedArchive> {
  const manifestBytes = await readSmall(container, { path: MANIFEST_PATH, maxBytes: MAX_MANIFEST_BYTES })
  const manifest = parseManifest(manifestBytes.toString())
  checkManifest(manifest, container.entries)
  const files = new Map(manifest.files.map((each) => [each.path, each]))
  return {
    format: container.format,
    manifest,
    config: await readConfig(container, files.get(manifest.model.configFile ?? '')),
    digest: await sha256(file === undefined ? [manifestBytes] : readRange(file, 0, (await file.stat()).size)),
    bytes: manifest.files.reduce((sum, each) => sum + each.bytes, 0),
    verify: () => blamingArchive(path, () => verifyAll(container, files)),
    extractTo: (directory) =>
      blamingArchive(path, () => extractAll(container, { files, manifestBytes }, directory)),
    close: async () => file?.close(),
  }
}

async function readConfig(container: Container, file: ManifestFile | undefined): Promise<ModelConfig> {
  if (file === undefined) return {}
  const bytes = await readSmall(container, { path: file.path, maxBytes: MAX_MANIFEST_BYTES }, file)
  return parseModelConfig(bytes.toString())
}

type SmallFile = { readonly path: string; readonly maxBytes: number }

/** Reads one file into memory, proved against the manifest when that is known already. */
async function readSmall(container: Container, small: SmallFile, file?: ManifestFile): Promise<Buffer> {
  const entry = container.entries.find(({ path }) => path === small.path)
  if (entry === undefined) throw brokenArchive(`has no ${small.path}: it was not made by onnx-model-archiver`)
  if (entry.bytes > small.maxBytes) throw brokenEntry(small.path, `is larger than ${small.maxBytes} bytes`)
  const chunks: Uint8Array[] = []
  await container.read(
    ({ path }) => path === small.path,
    async (_, content) => {
      let bytes = 0
      for await (const chunk of file === undefined ? content : verified(file, content)) {
        bytes += chunk.length
        if (bytes > entry.bytes) throw brokenEntry(small.path, `is longer than its ${entry.bytes} bytes`)
        chunks.push(chunk)
      }
    },
  )
  return Buffer.concat(chunks)
}

async function verifyAll(container: Container, files: ReadonlyMap<string, ManifestFile>): Promise<void> {
  await container.read(
    ({ path }) => files.has(path),
    async ({ path }, content) => {
      const file = files.get(path)
      if (file !== undefined) await drain(verified(file, content))
    },
  )
}

async function drain(content: AsyncIterable<unknown>): Promise<void> {
  const chunks = content[Symbol.asyncIterator]()
  while ((await chunks.next()).done !== true);
}

type Extraction = {
  readonly files: ReadonlyMap<string, ManifestFile>
  /** Kept as they were: a directory's digest is that of these bytes. */
  readonly manifestBytes: Buffer
}

async function extractAll(
  container: Container,
  { files, manifestBytes }: Extraction,
  directory: string,
): Promise<void> {
  await checkFreeSpace(dirname(directory), files)
  await mkdir(directory, { mode: 0o700 })
  try {
    await container.read(
      ({ path }) => files.has(path),
      async ({ path }, content) => {
        const file = files.get(path)
        if (file !== undefined) await extractFile(directory, file, content)
      },
    )
    await extractFile(directory, manifestFileOf(manifestBytes), [manifestBytes])
    for (const path of files.keys()) {
      if (path.endsWith('.onnx')) await checkExternalData(join(directory, path), { path, files })
    }
  } catch (error) {
    await rm(directory, { recursive: true, force: true })
    throw error
  }
}

function manifestFileOf(bytes: Buffer): ManifestFile {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { path: MANIFEST_PATH, bytes: bytes.length, sha256 }
}

async function checkFreeSpace(parent: string, files: ReadonlyMap<string, ManifestFile>): Promise<void> {
  const { bavail, bsize } = await statfs(parent)
  const neededBytes = [...files.values()].reduce((sum, file) => sum + file.bytes, 0)
  if (neededBytes <= bavail * bsize) return
  const message = `needs ${neededBytes} bytes to extract, the disk has ${bavail * bsize} free`
  throw new ServingError('resource_exhausted', message, { reason: 'disk_full' })
}

async function sha256(content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of content) hash.update(chunk)
  return hash.digest('hex')
}
