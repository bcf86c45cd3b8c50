import { isVariable, type TensorMetadata } from './tensor.ts'

/**
 * Whether dimension 0 of a model's tensors is the rows, so that requests may share a run: it is variable for every
 * input and output, and nothing says that it is more than that.
 *
 * A fixed dimension 0, a scalar, or an undeclared shape means that the model takes one request at a time, exactly as
 * the request brings it. So do inputs whose dimensions 0 have different names (a table and the indexes into it), and
 * a size that appears behind the rows, too (every row with every other): joined rows would meet strangers. That an
 * output really keeps the rows is seen only when it runs.
 */
export function keepsRows(inputs: readonly TensorMetadata[], outputs: readonly TensorMetadata[]): boolean {
  const all = [...inputs, ...outputs]
  if (inputs.length === 0 || !all.every(({ shape }) => isVariable(shape[0]))) return false
  const names = new Set<unknown>(
    inputs.map(({ shape }) => shape[0]).filter((each) => typeof each === 'string'),
  )
  if ([...names].filter((name) => !AUTOMATIC_NAME.test(String(name))).length > 1) return false
  return !all.some(({ shape }) => shape.slice(1).some((dimension) => names.has(dimension)))
}

/** Names that exporters (tf2onnx, PyTorch) make up for each input anew: they tell nothing of one another. */
const AUTOMATIC_NAME = /^unk__\d+$|_dynamic_axes_\d+$|_dim_\d+$/
