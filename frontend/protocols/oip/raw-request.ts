import { elementBytes } from '../../../worker/contract/data-type.ts'
import { ServingError } from '../../../worker/contract/errors.ts'
import { tensorFromBytes } from '../../../worker/contract/tensor-from-bytes.ts'
import { textOf } from '../../../worker/contract/text.ts'
import {
  elementCount,
  formatShape,
  isVariable,
  type Tensor,
  type TensorMetadata,
} from '../../../worker/contract/tensor.ts'
import { isUtf8 } from 'node:buffer'
import { badBody, WHOLE_BODY } from './body-values.ts'
import type { InferRequest } from './infer-request.ts'

/**
 * A body that is the only input's elements and nothing else. Its shape follows from their number: one dimension may
 * be variable, or the rows and one more, which is then one row. A string is the body itself.
 *
 * @throws ServingError `invalid_argument`
 */
export function requestFromRawBody(body: Uint8Array, inputs: readonly TensorMetadata[]): InferRequest {
  const [input, ...others] = inputs
  if (input === undefined || others.length > 0) {
    throw badRaw(`it has ${inputs.length} inputs, and only one can be sent without JSON`)
  }
  const tensor = input.dtype === 'BYTES' ? stringTensor(input, body) : numericTensor(input, body)
  return { tensors: [tensor], isBinaryByDefault: true }
}

function stringTensor(input: TensorMetadata, body: Uint8Array): Tensor {
  const shape = input.shape.map((size) => (isVariable(size) ? 1 : Number(size)))
  if (elementCount(shape) !== 1) {
    throw badRaw(
      `its input '${input.name}' is ${formatShape(input.shape)}, and only one string can be sent without JSON`,
    )
  }
  if (!isUtf8(body))
    throw badBody(`${WHOLE_BODY} is not UTF-8, as the text for input '${input.name}' has to be`)
  return { name: input.name, dtype: 'BYTES', shape, data: [textOf(body)] }
}

function numericTensor(input: TensorMetadata, body: Uint8Array): Tensor {
  const { name, dtype } = input
  const shape = shapeFor(input, body.byteLength / (elementBytes(dtype) ?? 1))
  return tensorFromBytes({ name, datatype: dtype, shape, at: WHOLE_BODY }, body)
}

/** With a wrong number of elements, a shape that they do not fill: that is then refused as such. */
function shapeFor({ name, shape }: TensorMetadata, count: number): number[] {
  const variable = [...shape.keys()].filter((axis) => isVariable(shape[axis]))
  // Rows are told from other variable dimensions by their place: first.
  const isOneRow = variable.length === 2 && variable[0] === 0
  if (variable.length > 1 && !isOneRow) {
    throw badRaw(
      `its input '${name}' is ${formatShape(shape)}, and only one size can follow from the number of bytes`,
    )
  }
  const deduced = variable.at(-1)
  const fixed = shape.map((size, axis) => (variable.includes(axis) ? 1 : Number(size)))
  const rest = elementCount(fixed)
  return fixed.map((size, axis) => (axis === deduced && rest > 0 ? Math.floor(count / rest) : size))
}

function badRaw(problem: string): ServingError {
  return new ServingError('invalid_argument', `the model takes no request without JSON: ${problem}`, {
    reason: 'request_body',
  })
}
