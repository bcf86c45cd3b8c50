import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createArchive } from '../../archiver-cli/create-archive.ts'
import type { ArchiveFormat } from '../../archiver-cli/format/archive-writer.ts'

export type TestArchive = {
  readonly modelName: string
  readonly version?: string
  readonly model?: Uint8Array
  /** Source of a `handler.ts`, or the name of a built-in handler. */
  readonly handler?: string
  /** Text of `model-config.yaml`. */
  readonly config?: string
  readonly format?: ArchiveFormat
}

/** Packs a model into `modelStore` as the archiver would. */
export async function packTestArchive(modelStore: string, archive: TestArchive): Promise<void> {
  const { modelName, version = '1.0', model, handler, config, format = 'default' } = archive
  const sources = join(modelStore, '.sources', modelName, version)
  await mkdir(sources, { recursive: true })
  const isSource = handler?.includes('\n') === true
  if (model !== undefined) await writeFile(join(sources, 'model.onnx'), model)
  if (isSource) await writeFile(join(sources, 'handler.ts'), handler)
  if (config !== undefined) await writeFile(join(sources, 'config.yaml'), config)
  await createArchive({
    modelName,
    version,
    ...(model === undefined ? {} : { serializedFile: join(sources, 'model.onnx') }),
    ...(handler === undefined ? {} : { handler: isSource ? join(sources, 'handler.ts') : handler }),
    ...(config === undefined ? {} : { configFile: join(sources, 'config.yaml') }),
    exportPath: modelStore,
    archiveFormat: format,
    force: true,
    verify: false,
  })
}
