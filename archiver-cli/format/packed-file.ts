import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { readRange } from './file-range.ts'
import type { ManifestFile } from './manifest.ts'

/** A file that goes into an archive: its name there, and where its bytes come from. */
export type PackedFile = {
  readonly path: string
  readonly content: { readonly file: string } | { readonly bytes: Uint8Array }
}

export async function* contentOf({ content }: PackedFile): AsyncGenerator<Uint8Array> {
  if ('bytes' in content) {
    yield content.bytes
    return
  }
  const file = await open(content.file, 'r')
  try {
    yield* readRange(file, 0, (await file.stat()).size)
  } finally {
    await file.close()
  }
}

/** The manifest's line for a file. */
export async function manifestFileOf(file: PackedFile): Promise<ManifestFile> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of contentOf(file)) {
    hash.update(chunk)
    bytes += chunk.length
  }
  return { path: file.path, bytes, sha256: hash.digest('hex') }
}
