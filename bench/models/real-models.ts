import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { seededRandom } from '../../test/support/random.ts'
import type { Tensor } from '../../worker/contract/tensor.ts'
import { bert, BERT_BASE_FEW_WORDS } from './bert.ts'
import type { ModelPlan } from './graph-builder.ts'
import { resnet, RESNET_50 } from './resnet.ts'
import { parameterCount } from './weights.ts'
import { writeModel } from './write-model.ts'

/** A model of the size that people serve. */
export type RealModel = {
  readonly name: string
  readonly parameters: number
  /** Puts its files into the directory. @returns the path of the graph */
  readonly write: (directory: string) => string
  /** The inputs of a request of one row. */
  readonly row: readonly Tensor[]
}

/** A sentence or two. */
export const TEXT_TOKENS = 64

export const REAL_MODELS: readonly RealModel[] = [
  planned('resnet-50', resnet(), [image(RESNET_50.imageSize, 3)]),
  planned('bert-base', bert(), [
    tokens('input_ids', BERT_BASE_FEW_WORDS.vocabulary),
    tokens('attention_mask', 1),
  ]),
  {
    name: 'digits',
    parameters: 38_282,
    write: (directory) => {
      const path = join(directory, 'digits.onnx')
      copyFileSync('examples/digits/model.onnx', path)
      return path
    },
    row: [image(8, 1)],
  },
]

function planned(name: string, plan: ModelPlan, row: readonly Tensor[]): RealModel {
  return {
    name,
    parameters: parameterCount(plan.weights),
    write: (directory) => {
      const path = join(directory, `${name}.onnx`)
      writeModel(plan, { path })
      return path
    },
    row,
  }
}

function image(size: number, channels: number): Tensor {
  const random = seededRandom(1)
  const data = Float32Array.from({ length: channels * size * size }, () => 4 * random() - 2)
  return { name: 'image', dtype: 'FP32', shape: [1, channels, size, size], data }
}

/** Integers from 1 to below `limit`; all 1 when that is 1. */
function tokens(name: string, limit: number): Tensor {
  const data = BigInt64Array.from({ length: TEXT_TOKENS }, (_, index) => BigInt(index % limit || 1))
  return { name, dtype: 'INT64', shape: [1, TEXT_TOKENS], data }
}
