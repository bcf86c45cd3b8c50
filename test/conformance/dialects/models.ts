import { DATA_TYPES } from '../../../worker/contract/data-type.ts'
import { buildModel } from '../../support/onnx-builder.ts'
import { inputOf, outputOf } from './values.ts'

/** Dimensions that any tensor of this rank has; names where they vary. */
const SHAPES = [
  [],
  ['rows'],
  ['rows', 'a'],
  ['rows', 'a', 'b'],
  ['rows', 'a', 'b', 'c'],
  ['rows', 'a', 'b', 'c', 'd'],
  ['rows', 'a', 'b', 'c', 'd', 'e'],
] as const

export const RANKS = SHAPES.map((_, rank) => rank)

/** Each output is the input of its type; all types, all tensors of one rank. */
export function identityOfEveryType(rank: number): Uint8Array {
  const shape = SHAPES[rank] ?? []
  return buildModel({
    inputs: DATA_TYPES.map((dtype) => ({ name: inputOf(dtype), dtype, shape })),
    outputs: DATA_TYPES.map((dtype) => ({ name: outputOf(dtype), dtype, shape })),
    nodes: DATA_TYPES.map((dtype) => ({
      op: 'Identity',
      inputs: [inputOf(dtype)],
      outputs: [outputOf(dtype)],
    })),
  })
}
