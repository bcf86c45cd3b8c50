import { createHash } from 'node:crypto'
import { mkdir, rm, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ServingError } from '../../worker/contract/errors.ts'
import { drain } from './container.ts'
import type { Container } from './container.ts'
import { checkExternalData } from './external-data.ts'
import { extractFile, verified } from './extract-file.ts'
import { MANIFEST_PATH } from './manifest.ts'
import type { ManifestFile } from './manifest.ts'

/** What an opened archive holds. */
export type ArchiveContent = {
  readonly container: Container
  /** What the manifest lists, by path: exactly the container's files but the manifest. */
  readonly files: ReadonlyMap<string, ManifestFile>
  /** Kept as they were: a directory's digest is that of these bytes. */
  readonly manifestBytes: Buffer
  readonly proveUnchanged: () => Promise<void>
}

/** Reads every file and proves it against the manifest. */
export async function verifyContent(content: ArchiveContent): Promise<void> {
  await forEachFile(content, (file, bytes) => drain(verified(file, bytes)))
}

/**
 * Extracts everything, the manifest too, into `directory`, which must not exist. After an error it does not.
 *
 * @throws ServingError `invalid_argument` | `resource_exhausted`
 */
export async function extractContent(content: ArchiveContent, directory: string): Promise<void> {
  const { files, manifestBytes } = content
  await checkFreeSpace(dirname(directory), files)
  await mkdir(directory, { mode: 0o700 })
  try {
    await forEachFile(content, (file, bytes) => extractFile(directory, file, bytes))
    await extractFile(directory, manifestFileOf(manifestBytes), [manifestBytes])
    for (const path of files.keys()) {
      if (path.endsWith('.onnx')) await checkExternalData(join(directory, path), { path, files })
    }
    await content.proveUnchanged()
  } catch (error) {
    await rm(directory, { recursive: true, force: true })
    throw error
  }
}

type FileVisit = (file: ManifestFile, bytes: AsyncIterable<Uint8Array>) => Promise<void>

async function forEachFile({ container, files }: ArchiveContent, visit: FileVisit): Promise<void> {
  await container.read(
    ({ path }) => files.has(path),
    async ({ path }, bytes) => {
      const file = files.get(path)
      if (file !== undefined) await visit(file, bytes)
    },
  )
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
