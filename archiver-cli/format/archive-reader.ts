import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { blamingArchive, brokenArchive, brokenEntry } from './archive-errors.ts'
import type { Container, ContainerFormat } from './container.ts'
import { openDirectory } from './directory-container.ts'
import { extractContent, verifyContent } from './extract-content.ts'
import { verified } from './extract-file.ts'
import { readExactly, readRange } from './file-range.ts'
import { MANIFEST_PATH, parseManifest } from './manifest.ts'
import type { Manifest, ManifestFile } from './manifest.ts'
import { checkManifest } from './manifest-check.ts'
import type { KnownDigests } from './known-digests.ts'
import { parseModelConfig } from './model-config.ts'
import type { ConfigTolerance, ModelConfig, ReadConfig } from './model-config.ts'
import { checkTensorNames } from './tensor-names.ts'
import { openTar } from './tar-container.ts'
import { openZip } from './zip-container.ts'

const GZIP_MAGIC = Buffer.of(0x1f, 0x8b)
/** A thousand files with the longest names fit. */
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024

/** An archive whose list of files, manifest and configuration have been checked. Holds a file open until closed. */
export interface OpenedArchive {
  readonly format: ContainerFormat
  readonly manifest: Manifest
  readonly config: ModelConfig
  /** What of the configuration was passed over, each a sentence. */
  readonly notices: readonly string[]
  /** SHA-256, as hex, of the archive file; of a directory's manifest, which covers every file in it. */
  readonly digest: string
  /** What all its files take on the disk once extracted. */
  readonly bytes: number

  /**
   * Reads every file and proves it against the manifest.
   *
   * @throws ServingError `invalid_argument` (reason `archive`)
   */
  readonly verify: () => Promise<void>

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
 * @param tolerance for its configuration
 * @param digests that need not be found out again
 * @throws ServingError `not_found` | `invalid_argument` (reason `archive` or `model_config`)
 */
export function openArchive(
  path: string,
  tolerance?: ConfigTolerance,
  digests?: KnownDigests,
): Promise<OpenedArchive> {
  return blamingArchive(path, async () => {
    const { container, origin } = await openContainer(path, digests)
    try {
      return await openContent({ path, tolerance }, container, origin)
    } catch (error) {
      await origin?.close()
      throw error
    }
  })
}

/**
 * Reads the manifest of an archive, and proves nothing: enough to know which model it holds.
 *
 * @throws ServingError `not_found` | `invalid_argument` (reason `archive`)
 */
export function readManifest(path: string): Promise<Manifest> {
  return blamingArchive(path, async () => {
    const { container, origin } = await openContainer(path)
    try {
      return parseManifest((await readManifestBytes(container)).toString())
    } finally {
      await origin?.close()
    }
  })
}

async function openContainer(
  path: string,
  digests?: KnownDigests,
): Promise<{ container: Container; origin?: Origin }> {
  if ((await lstat(path)).isDirectory()) return { container: await openDirectory(path) }
  // NONBLOCK: opening a named pipe must not wait for its writer.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    return await openFile(file, digests)
  } catch (error) {
    await file.close()
    throw error
  }
}

async function openFile(
  file: FileHandle,
  digests?: KnownDigests,
): Promise<{ container: Container; origin: Origin }> {
  const before = await file.stat({ bigint: true })
  if (!before.isFile()) throw brokenArchive('is neither a file nor a directory')
  const bytes = Number(before.size)
  const magic = await readExactly(file, 0, Math.min(2, bytes))
  const container = magic.equals(GZIP_MAGIC) ? await openTar(file, bytes) : await openZip(file, bytes)
  const read = () => sha256(readRange(file, 0, bytes))
  const origin: Origin = {
    digest: () => digests?.of(before, read) ?? read(),
    proveUnchanged: async () => {
      const { size, mtimeNs } = await file.stat({ bigint: true })
      if (size !== before.size || mtimeNs !== before.mtimeNs) {
        throw brokenArchive('was written to while it was read; try again, and replace archives by renaming')
      }
    },
    close: () => file.close(),
  }
  return { container, origin }
}

/** The file behind a container; a directory has none. */
type Origin = {
  readonly digest: () => Promise<string>
  /** The digest names the content, so both must be of one moment. */
  readonly proveUnchanged: () => Promise<void>
  readonly close: () => Promise<void>
}

/** Where a container came from, for errors, and how its configuration is read. */
export type Source = {
  readonly path: string
  /** What errors call it; absent: the archive by its file name. */
  readonly label?: string
  readonly tolerance?: ConfigTolerance | undefined
  /** Sentences on what happened before. */
  readonly notices?: readonly string[]
}

/**
 * Checks a container's manifest, files and configuration.
 *
 * @param origin the file behind it, closed with the archive
 * @throws ServingError `invalid_argument` (reason `archive` or `model_config`)
 */
export async function openContent(
  source: Source,
  container: Container,
  origin?: Origin,
): Promise<OpenedArchive> {
  const { path, label } = source
  const manifestBytes = await readManifestBytes(container)
  const manifest = parseManifest(manifestBytes.toString())
  checkManifest(manifest, container.entries)
  const files = new Map(manifest.files.map((each) => [each.path, each]))
  const configFile = files.get(manifest.model.configFile ?? '')
  const { config, notices } = await readConfig(container, configFile, source.tolerance)
  checkTensorNames(config, manifest)
  const digest = await (origin?.digest() ?? sha256([manifestBytes]))
  await origin?.proveUnchanged()
  const content = { container, files, manifestBytes, proveUnchanged: async () => origin?.proveUnchanged() }
  return {
    format: container.format,
    manifest,
    config,
    notices: [...(source.notices ?? []), ...notices],
    digest,
    bytes: manifest.files.reduce((sum, each) => sum + each.bytes, 0),
    verify: () => blamingArchive(path, () => verifyContent(content), label),
    extractTo: (directory) => blamingArchive(path, () => extractContent(content, directory), label),
    close: async () => origin?.close(),
  }
}

function readManifestBytes(container: Container): Promise<Buffer> {
  return readSmall(container, { path: MANIFEST_PATH, maxBytes: MAX_MANIFEST_BYTES })
}

async function readConfig(
  container: Container,
  file: ManifestFile | undefined,
  tolerance: ConfigTolerance | undefined,
): Promise<ReadConfig> {
  if (file === undefined) return { config: {}, notices: [] }
  const bytes = await readSmall(container, { path: file.path, maxBytes: MAX_MANIFEST_BYTES }, file)
  return parseModelConfig(bytes.toString(), tolerance)
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

async function sha256(content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of content) hash.update(chunk)
  return hash.digest('hex')
}
