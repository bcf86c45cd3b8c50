import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createArchive } from '../../../archiver-cli/create-archive.ts'
import { resnet } from '../../models/resnet.ts'
import { writeModel } from '../../models/write-model.ts'
import type { BenchContext } from '../suite.ts'
import { DRIVER_SHAPE, type Plan } from './plan.ts'

/** A store with the model `image` on WebGPU, with so many batches in flight. @returns its directory */
export async function packImageModel(
  { directory }: Pick<BenchContext, 'directory'>,
  { batchRows }: Plan,
  maxBatchesInFlight: number,
): Promise<string> {
  const modelStore = mkdtempSync(join(directory, 'store-'))
  const sources = mkdtempSync(join(directory, 'model-'))
  const [serializedFile = '', ...extraFiles] = writeModel(resnet({ shape: DRIVER_SHAPE }), {
    path: join(sources, 'image.onnx'),
  })
  const configFile = join(sources, 'config.yaml')
  const config = {
    executionProviders: ['webgpu'],
    maxBatchRows: batchRows,
    maxBatchesInFlight,
  }
  writeFileSync(configFile, JSON.stringify(config)) // JSON is YAML
  await createArchive({
    modelName: 'image',
    version: '1.0',
    serializedFile,
    extraFiles,
    configFile,
    handler: 'image_classifier',
    exportPath: modelStore,
    archiveFormat: 'no-archive',
  })
  return modelStore
}
