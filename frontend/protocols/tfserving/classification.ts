import { float16ToNumber } from '../../../worker/contract/float16.ts'
import type { Tensor } from '../../../worker/contract/tensor.ts'
import type { VersionMetadata } from '../../core/data-plane.ts'
import { namedOutputs } from './answers.ts'
import { otherMethod, unfitAnswer } from './errors.ts'
import type { Signature, SignatureMethod } from './signatures.ts'

/* What classify and regress make of the outputs of their signatures. */

/** A class without a name has the empty label. */
export type Class = { readonly label: string; readonly score: number }

const CLASSES = 'classes'
const SCORES = 'scores'
const OUTPUTS = 'outputs'

/** @throws ServingError `failed_precondition` when the signature is for something else, or lacks its outputs */
export function requireMethod(signature: Signature, method: Exclude<SignatureMethod, 'predict'>): void {
  const needed = method === 'classify' ? [CLASSES, SCORES] : [OUTPUTS]
  const hasOutputs = signature.outputs.some(({ alias }) => needed.includes(alias))
  if (signature.method !== method || !hasOutputs) throw otherMethod(signature.name, signature.method, method)
}

/**
 * The classes of each example, in the order of the model's outputs `classes` and `scores`, of which one may be absent.
 *
 * @throws ServingError `invalid_argument` when the outputs are not of this form
 */
export function classesOf(
  signature: Signature,
  tensors: readonly Tensor[],
  { outputLabels = {} }: Pick<VersionMetadata, 'outputLabels'>,
): readonly (readonly Class[])[] {
  const outputs = namedOutputs(signature, tensors)
  const scores = outputs.find(({ alias }) => alias === SCORES)?.tensor
  const classes = outputs.find(({ alias }) => alias === CLASSES)?.tensor
  const names = scores === undefined ? [] : (outputLabels[scores.name] ?? [])
  const leading = scores ?? classes
  if (leading === undefined) return []
  const [rows, columns] = tableOf(leading)
  if (scores !== undefined && classes !== undefined && classes.data.length !== scores.data.length) {
    throw unfitAnswer(
      `the outputs '${CLASSES}' and '${SCORES}' have ${classes.data.length} and ${scores.data.length} elements; expected as many`,
    )
  }
  const valueOf = scores === undefined ? () => 0 : numbersOf(scores)
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (__, column) => {
      const index = row * columns + column
      const label = classes === undefined ? (names[column] ?? '') : String(classes.data[index] ?? '')
      return { label, score: valueOf(index) }
    }),
  )
}

/** One number for each example. @throws ServingError `invalid_argument` when the output has other than one */
export function regressionsOf(signature: Signature, tensors: readonly Tensor[]): readonly number[] {
  const output = namedOutputs(signature, tensors).find(({ alias }) => alias === OUTPUTS)
  if (output === undefined) return []
  const [rows, columns] = tableOf(output.tensor)
  if (columns !== 1)
    throw unfitAnswer(`the output '${OUTPUTS}' has ${columns} values for each example; expected one`)
  return Array.from({ length: rows }, (_, row) => numbersOf(output.tensor)(row))
}

/** Rows, and how many elements each has. */
function tableOf({ name, shape, data }: Tensor): readonly [rows: number, columns: number] {
  const [rows] = shape
  if (rows === undefined)
    throw unfitAnswer(`the output '${name}' is a scalar; expected a row for each example`)
  return [rows, rows === 0 ? 0 : data.length / rows]
}

function numbersOf(tensor: Tensor): (index: number) => number {
  if (tensor.dtype === 'FP16') return (index) => float16ToNumber(tensor.data[index] ?? 0)
  return (index) => Number(tensor.data[index] ?? 0)
}
