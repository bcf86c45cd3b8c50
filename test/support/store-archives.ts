import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { MANIFEST_PATH } from '../../archiver-cli/format/manifest.ts'
import { HONEST_FILES, manifestOf, zipItems } from './archive-files.ts'
import { zipBytes } from './zip-bytes.ts'

export type StoredArchive = {
  readonly modelName?: string
  readonly version?: string
  /** Text of `model-config.yaml`. */
  readonly config?: string
  /** Told apart from another archive of the same model and version. */
  readonly labels?: string
}

/** Puts an archive into a store: a directory, or a zip file if its name ends in `.mar`. Replaces what is there. */
export async function storeArchive(
  modelStore: string,
  name: string,
  archive: StoredArchive = {},
): Promise<void> {
  const path = join(modelStore, name)
  const files = filesOf(archive)
  const manifest = manifestFor(archive)
  await rm(path, { recursive: true, force: true })
  if (name.endsWith('.mar')) {
    await writeFile(path, zipBytes(zipItems(files, manifest)))
    return
  }
  for (const [file, content] of Object.entries({ ...files, [MANIFEST_PATH]: manifest })) {
    await mkdir(dirname(join(path, file)), { recursive: true })
    await writeFile(join(path, file), content)
  }
}

function filesOf({ config, labels }: StoredArchive): Record<string, Uint8Array> {
  return {
    ...HONEST_FILES,
    ...(config === undefined ? {} : { 'model-config.yaml': Buffer.from(config) }),
    ...(labels === undefined ? {} : { 'labels.txt': Buffer.from(labels) }),
  }
}

function manifestFor(archive: StoredArchive): Uint8Array {
  const { modelName = 'm', version = '1', config } = archive
  return manifestOf(filesOf(archive), (manifest) => ({
    ...manifest,
    model: {
      ...manifest.model,
      modelName,
      modelVersion: version,
      ...(config === undefined ? {} : { configFile: 'model-config.yaml' }),
    },
  }))
}
