import { join } from 'node:path'
import { seededRandom } from '../../test/support/random.ts'
import type { Tensor } from '../../worker/contract/tensor.ts'
import { resnet, RESNET_50, type ResNetShape } from '../models/resnet.ts'
import { writeModel } from '../models/write-model.ts'
import type { GpuPlan } from './plan.ts'

export type GpuModel = { readonly modelPath: string; readonly row: readonly Tensor[] }

const SMALL: ResNetShape = { blocks: [1, 1], width: 8, imageSize: 32, classes: 10 }
const CHANNELS = 3

/** A ResNet that takes pixels as a decoder leaves them, and normalises them itself. */
export function writeGpuModel({ model, precision }: GpuPlan, directory: string): GpuModel {
  const shape = model === 'small' ? SMALL : RESNET_50
  const modelPath = join(directory, `${model}.onnx`)
  writeModel(resnet({ shape, precision, input: 'pixels' }), { path: modelPath })
  return { modelPath, row: [pixels(shape.imageSize)] }
}

function pixels(size: number): Tensor {
  const random = seededRandom(1)
  const data = Uint8Array.from({ length: size * size * CHANNELS }, () => Math.floor(256 * random()))
  return { name: 'image', dtype: 'UINT8', shape: [1, size, size, CHANNELS], data }
}
