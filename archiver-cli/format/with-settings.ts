import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseDocument } from 'yaml'
import { ServingError } from '../../worker/contract/errors.ts'
import { writeArchive, type ArchiveFormat } from './archive-writer.ts'
import type { ContainerFormat } from './container.ts'
import type { Manifest } from './manifest.ts'
import { parseModelConfig, type ModelConfig } from './model-config.ts'
import { manifestFileOf, type PackedFile } from './packed-file.ts'

const CONFIG_FILE = 'model-config.yaml'

const FORMATS: Readonly<Record<ArchiveContainer, ArchiveFormat>> = {
  mar: 'default',
  tgz: 'tgz',
  directory: 'no-archive',
}

/** Those that are archives. */
export type ArchiveContainer = Exclude<ContainerFormat, 'source'>

export type Rewriting = {
  /** The files of the archive that is written anew, unpacked. */
  readonly directory: string
  readonly manifest: Manifest
  readonly format: ArchiveContainer
  /** File, or directory; what is there is replaced. */
  readonly target: string
  readonly settings: ModelConfig
  readonly signal?: AbortSignal | undefined
}

/**
 * Writes an archive again with other settings in its configuration; its other files stay as they are, byte for byte.
 *
 * @returns SHA-256 of the new archive, as hex; of the manifest when it is a directory
 * @throws ServingError `failed_precondition` | `invalid_argument`
 */
export async function writeWithSettings(request: Rewriting): Promise<string> {
  const { directory, manifest, settings, format, target, signal } = request
  const configFile = manifest.model.configFile ?? CONFIG_FILE
  const isNew = manifest.model.configFile === undefined
  if (isNew && manifest.files.some(({ path }) => path === configFile)) {
    throw new ServingError(
      'failed_precondition',
      `the archive holds '${configFile}' as a file of the handler; pack it again with --config-file`,
    )
  }
  const before = isNew ? '' : await readFile(join(directory, configFile), 'utf8')
  const config: PackedFile = {
    path: configFile,
    content: { bytes: Buffer.from(configWith(before, settings)) },
  }
  const others = manifest.files.filter(({ path }) => path !== configFile)
  const listed = [...others, await manifestFileOf(config)].toSorted((a, b) => (a.path < b.path ? -1 : 1))
  const { digest } = await writeArchive({
    target,
    format: FORMATS[format],
    manifest: { ...manifest, model: { ...manifest.model, configFile }, files: listed },
    files: [...others.map(({ path }) => ({ path, content: { file: join(directory, path) } })), config],
    force: true,
    signal,
  })
  return digest
}

/**
 * A configuration with some settings changed; comments and other keys stay. Where a setting stands under TorchServe's
 * name, it is renamed to ours.
 */
export function configWith(text: string, settings: ModelConfig): string {
  const document = parseDocument(text, { schema: 'core', customTags: [] })
  const before = (document.toJS() ?? {}) as Readonly<Record<string, unknown>> // checked when the archive was opened
  for (const key of Object.keys(settings)) {
    const others = Object.entries(before).filter(([other]) => other !== key)
    for (const entry of others) if (meansAlone(entry, key)) document.delete(entry[0])
  }
  for (const [key, value] of Object.entries(settings)) document.set(key, value)
  return document.toString()
}

/** Whether a key of TorchServe says nothing but this setting of ours. */
function meansAlone(entry: readonly [key: string, value: unknown], ours: string): boolean {
  const { config } = parseModelConfig(JSON.stringify(Object.fromEntries([entry])), 'everything')
  const meant = Object.keys(config)
  return meant.length === 1 && meant[0] === ours
}
