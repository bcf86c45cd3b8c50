import { lstat, readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { MANIFEST_PATH } from '../manifest.ts'
import type { FoundSource } from './found-model.ts'

/** What changes when the content of a source does, without reading it. */
export type Fingerprint = {
  readonly text: string
  /** When the latest of its files was written. */
  readonly writtenAtMs: number
}

/**
 * The fingerprint of a source: of an archive's file, of an unpacked archive's manifest, which covers all its files,
 * or of a graph, what lies beside it, and its configuration.
 */
export async function fingerprintOf(source: FoundSource): Promise<Fingerprint> {
  const paths = source.kind === 'archive' ? [await archiveFile(source.path)] : await graphFiles(source)
  const found = await Promise.all(paths.map((path) => stat(path)))
  return {
    text: found.map(({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`).join(','),
    writtenAtMs: Math.max(...found.map(({ mtimeMs }) => mtimeMs)),
  }
}

async function archiveFile(path: string): Promise<string> {
  return (await lstat(path)).isDirectory() ? join(path, MANIFEST_PATH) : path
}

async function graphFiles(source: FoundSource & { readonly kind: 'graph' }): Promise<string[]> {
  const { root, file, tritonConfig, modelConfig } = source
  const path = join(root, file)
  // A bare graph has strangers beside it: only its own directory, a version's, is all its own.
  const beside = file.includes('/') ? await filesIn(dirname(path)) : []
  const configs = [tritonConfig, modelConfig].flatMap((name) =>
    name === undefined ? [] : [join(root, name)],
  )
  return [...new Set([path, ...beside, ...configs])].sort()
}

async function filesIn(directory: string): Promise<string[]> {
  const items = await readdir(directory, { withFileTypes: true })
  return items.filter((item) => !item.isDirectory()).map(({ name }) => join(directory, name))
}
