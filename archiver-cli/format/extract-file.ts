import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { brokenEntry } from './archive-errors.ts'
import type { ManifestFile } from './manifest.ts'

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants

/**
 * Writes one file of an archive below a private directory, read-only, and proves it against the manifest.
 *
 * @throws ServingError `invalid_argument` when size or digest differ; the partial file stays for the caller to remove.
 */
export async function extractFile(
  directory: string,
  file: ManifestFile,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  const target = join(directory, file.path)
  await mkdir(dirname(target), { recursive: true, mode: 0o700 })
  const handle = await open(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o440)
  try {
    for await (const chunk of verified(file, content)) await writeFully(handle, chunk)
    // The mode above was cut by the umask.
    await handle.chmod(0o440)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Passes content on while counting and hashing it; throws at the first byte too many. */
export async function* verified(
  file: ManifestFile,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of content) {
    bytes += chunk.length
    if (bytes > file.bytes)
      throw brokenEntry(file.path, `is longer than the ${file.bytes} bytes in the manifest`)
    hash.update(chunk)
    yield chunk
  }
  if (bytes !== file.bytes) {
    throw brokenEntry(file.path, `has ${bytes} bytes, the manifest says ${file.bytes}`)
  }
  if (hash.digest('hex') !== file.sha256)
    throw brokenEntry(file.path, 'differs from its digest in the manifest')
}

async function writeFully(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let written = 0; written < chunk.length;) {
    written += (await handle.write(chunk, written)).bytesWritten
  }
}
