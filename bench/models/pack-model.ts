import { writeFileSync } from 'node:fs'
import { createArchive } from '../../archiver-cli/create-archive.ts'

export type PackOptions = {
  readonly modelName: string
  /** Path of the graph. */
  readonly modelPath: string
  readonly modelStore: string
  /** As `model-config.yaml` has them. */
  readonly config?: Readonly<Record<string, string | number | readonly string[]>>
}

/** Into a directory, not a zip: random weights do not shrink, and packing them is none of the benchmark's questions. */
export async function packModel({
  modelName,
  modelPath,
  modelStore,
  config = {},
}: PackOptions): Promise<void> {
  const configFile = `${modelPath}.${modelName}.yaml`
  writeFileSync(configFile, JSON.stringify(config)) // JSON is YAML
  await createArchive({
    modelName,
    version: '1.0',
    serializedFile: modelPath,
    configFile,
    exportPath: modelStore,
    archiveFormat: 'no-archive',
  })
}
