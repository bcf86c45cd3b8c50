import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { TensorMetadata } from '../worker/contract/tensor.ts'
import { formatShape } from '../worker/contract/tensor.ts'
import { openArchive } from './format/archive-reader.ts'
import type { ContainerFormat } from './format/container.ts'
import type { Manifest } from './format/manifest.ts'
import type { ModelConfig } from './format/model-config.ts'

export type ArchiveDescription = {
  readonly path: string
  readonly format: ContainerFormat
  readonly digest: string
  /** Size of the archive file; absent for a directory. */
  readonly archiveBytes?: number
  /** Size of all its files once extracted. */
  readonly bytes: number
  readonly manifest: Manifest
  readonly config: ModelConfig
  /** What of the configuration does not apply here, each a sentence. */
  readonly notices: readonly string[]
}

/**
 * Describes what is inside an archive, after the same checks as the server's.
 *
 * @throws ServingError `not_found` | `invalid_argument`
 */
export async function inspectArchive(path: string): Promise<ArchiveDescription> {
  const archive = await openArchive(resolve(path), 'inapplicable')
  await archive.close()
  const { format, digest, bytes, manifest, config, notices } = archive
  const size = format === 'directory' ? {} : { archiveBytes: (await stat(path)).size }
  return { path, format, digest, ...size, bytes, manifest, config, notices }
}

/** The description as text for people, one fact per line. */
export function formatDescription({ manifest, config, ...archive }: ArchiveDescription): string {
  const { modelName, modelVersion, handler, serializedFile } = manifest.model
  const lines: [string, string][] = [
    ['model', `${modelName} ${modelVersion}`],
    ['archive', `${archive.format}, ${formatBytes(archive.archiveBytes ?? archive.bytes)}`],
    [archive.format === 'directory' ? 'sha-256 (manifest)' : 'sha-256', archive.digest],
    ['handler', handler],
    ['graph', serializedFile ?? 'none'],
    ...tensorLines('input', manifest.inputs),
    ...tensorLines('output', manifest.outputs),
    ...Object.entries(config).map(([key, value]): [string, string] => [
      'config',
      `${key}: ${JSON.stringify(value)}`,
    ]),
    ...manifest.files.map(({ path, bytes }): [string, string] => ['file', `${path} (${formatBytes(bytes)})`]),
    ['created', `${manifest.createdOn} by onnx-model-archiver ${manifest.archiverVersion}`],
  ]
  const width = Math.max(...lines.map(([label]) => label.length))
  return lines.map(([label, text]) => `${label.padEnd(width)}  ${text}`).join('\n')
}

function tensorLines(label: string, tensors: readonly TensorMetadata[] | undefined): [string, string][] {
  if (tensors === undefined) return [[label, 'unknown: packed without opening the model']]
  return tensors.map(({ name, dtype, shape }) => [label, `${name} ${dtype} ${formatShape(shape)}`])
}

export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  const units = ['kB', 'MB', 'GB']
  const power = Math.min(Math.floor(Math.log10(bytes) / 3), units.length)
  return `${(bytes / 1000 ** power).toFixed(1)} ${units[power - 1] ?? 'B'}`
}
