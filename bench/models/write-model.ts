import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { basename } from 'node:path'
import { buildModel, type Initializer } from '../../test/support/onnx-builder.ts'
import type { Tensor } from '../../worker/contract/tensor.ts'
import { float16Values } from './float16-values.ts'
import type { ModelPlan, Precision } from './graph-builder.ts'
import { elementCount, weightValues, type Weight } from './weights.ts'

/** A protobuf message ends at 2 GB, and long before that it is copied more often than a machine likes. */
const EXTERNAL_FROM_BYTES = 1 << 20
/** Whoever maps the file into memory needs each tensor at the start of a page. */
const PAGE_BYTES = 4096

export type WriteOptions = {
  /** Of the `.onnx` file. Large weights go into `<path>.data` beside it. */
  readonly path: string
  readonly seed?: number
}

/** The same plan and seed write the same bytes. @returns the paths of the files, the model's first. */
export function writeModel(plan: ModelPlan, { path, seed = 1 }: WriteOptions): string[] {
  const bytes = plan.weights.reduce((sum, weight) => sum + byteLength(weight, plan.precision), 0)
  const isExternal = bytes >= EXTERNAL_FROM_BYTES
  const weights = isExternal
    ? writeWeights(plan, { path: `${path}.data`, seed })
    : plan.weights.map((weight) => tensorOf(weight, { precision: plan.precision, seed }))
  const { inputs, outputs, nodes, constants } = plan
  writeFileSync(path, buildModel({ inputs, outputs, nodes, initializers: [...constants, ...weights] }))
  return isExternal ? [path, `${path}.data`] : [path]
}

/** One tensor at a time. */
function writeWeights(
  { weights, precision }: ModelPlan,
  { path, seed }: Required<WriteOptions>,
): Initializer[] {
  const file = openSync(path, 'w')
  try {
    let end = 0
    return weights.map((weight) => {
      const offset = Math.ceil(end / PAGE_BYTES) * PAGE_BYTES
      const { name, dtype, shape, data } = tensorOf(weight, { precision, seed })
      writeSync(file, data, 0, data.byteLength, offset)
      end = offset + data.byteLength
      return { name, dtype, shape, external: { location: basename(path), offset, length: data.byteLength } }
    })
  } finally {
    closeSync(file)
  }
}

type Making = { readonly precision: Precision; readonly seed: number }

function tensorOf(weight: Weight, { precision, seed }: Making): Tensor & { dtype: Precision } {
  const { name, shape } = weight
  const data = weightValues(weight, seed)
  if (precision === 'FP32') return { name, dtype: 'FP32', shape, data }
  return { name, dtype: 'FP16', shape, data: float16Values(data) }
}

function byteLength({ shape }: Weight, precision: Precision): number {
  return elementCount(shape) * (precision === 'FP32' ? 4 : 2)
}
