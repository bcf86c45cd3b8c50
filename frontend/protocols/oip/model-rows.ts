import { isVariable, type TensorMetadata } from '../../../worker/contract/tensor.ts'

export type ModelTensors = {
  readonly inputs: readonly TensorMetadata[]
  readonly outputs: readonly TensorMetadata[]
}

/** Whether dimension 0 of every tensor is the rows, of any number: the protocol then calls it the batch dimension. */
export function hasRows({ inputs, outputs }: ModelTensors): boolean {
  const tensors = [...inputs, ...outputs]
  return tensors.length > 0 && tensors.every(({ shape }) => isVariable(shape[0]))
}
