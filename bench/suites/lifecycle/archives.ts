import { createArchive } from '../../../archiver-cli/create-archive.ts'
import { packTestArchive } from '../../../test/support/archives.ts'
import { mlp } from '../../../test/support/models.ts'
import { buildModel } from '../../../test/support/onnx-builder.ts'
import { seededRandom } from '../../../test/support/random.ts'

/** The example of the README: what a newcomer waits for. */
export async function packDigits(modelStore: string): Promise<void> {
  await createArchive({
    modelName: 'digits',
    version: '1.0',
    serializedFile: 'examples/digits/model.onnx',
    handler: 'image_classifier',
    configFile: 'examples/digits/model-config.yaml',
    exportPath: modelStore,
  })
}

export async function packTiny(modelStore: string, version: string): Promise<void> {
  await packTestArchive(modelStore, { modelName: 'tiny', version, model: mlp([4, 16, 3]) })
}

/** 7000² weights of four bytes. */
const LARGE_SIDE = 7000
const RANDOM_WEIGHTS = 2 ** 16

export async function packLarge(modelStore: string): Promise<void> {
  await packTestArchive(modelStore, { modelName: 'large', model: largeModel() })
}

/** `y` = `x` × weights of 196 MB, the same random numbers again and again. */
function largeModel(): Uint8Array {
  const shape = ['batch', LARGE_SIDE]
  const data = new Float32Array(LARGE_SIDE * LARGE_SIDE)
  const random = seededRandom(1)
  for (let index = 0; index < RANDOM_WEIGHTS; index++) data[index] = random() - 0.5
  for (let filled = RANDOM_WEIGHTS; filled < data.length; filled *= 2) data.copyWithin(filled, 0, filled)
  return buildModel({
    inputs: [{ name: 'x', dtype: 'FP32', shape }],
    outputs: [{ name: 'y', dtype: 'FP32', shape }],
    nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
    initializers: [{ name: 'w', dtype: 'FP32', shape: [LARGE_SIDE, LARGE_SIDE], data }],
  })
}
