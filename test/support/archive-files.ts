import { createHash } from 'node:crypto'
import { MANIFEST_PATH } from '../../archiver-cli/format/manifest.ts'
import type { Manifest } from '../../archiver-cli/format/manifest.ts'
import { openArchive } from '../../archiver-cli/format/archive-reader.ts'
import { identity } from './models.ts'
import type { ZipItem } from './zip-bytes.ts'

export type Files = Readonly<Record<string, Uint8Array>>

/** The content of a small honest archive, without its manifest. */
export const HONEST_FILES: Files = {
  'model.onnx': identity('FP32'),
  'labels.txt': Buffer.from('setosa\nversicolor\nvirginica\n'),
}

/** The manifest of files, as the archiver would write it, then changed. */
export function manifestOf(
  files: Files,
  change: (manifest: Manifest) => unknown = (same) => same,
): Uint8Array {
  const manifest: Manifest = {
    createdOn: '01/01/1980 00:00:00',
    runtime: 'node',
    archiverVersion: '0.1.0',
    model: { modelName: 'toy', modelVersion: '1.0', handler: 'tensor', serializedFile: 'model.onnx' },
    files: Object.entries(files).map(([path, content]) => ({
      path,
      bytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
    })),
  }
  return Buffer.from(JSON.stringify(change(manifest)))
}

/** An archive's files as entries of a zip file; the manifest is the first. */
export function zipItems(files: Files, manifest: Uint8Array = manifestOf(files)): ZipItem[] {
  const all = [[MANIFEST_PATH, manifest] as const, ...Object.entries(files)]
  return all.map(([name, content]) => ({ name, content }))
}

/** What a server does with an archive. */
export async function extractArchive(path: string, directory: string): Promise<void> {
  const archive = await openArchive(path)
  try {
    await archive.extractTo(directory)
  } finally {
    await archive.close()
  }
}
