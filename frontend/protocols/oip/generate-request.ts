import { shownValue } from '../../../worker/contract/shown-value.ts'
import { tensorFromData } from '../../../worker/contract/tensor-from-data.ts'
import { formatShape, isVariable, type Tensor, type TensorMetadata } from '../../../worker/contract/tensor.ts'
import { badBody, badValue, optionalObjectAt, textAt, type JsonObject } from './body-values.ts'

/** What a request of plain values says. */
export type GenerateRequest = {
  readonly id?: string
  readonly tensors: readonly Tensor[]
  /** Nested ones, and every member that is no input. */
  readonly parameters: JsonObject
}

/**
 * A flat object as tensors for these inputs: a member with the name of an input is its value or list of values, and
 * its shape follows from the model's.
 *
 *   {"text_input": "Hello", "max_tokens": 16, "parameters": {"temperature": 0.5}}
 *
 * @throws ServingError `invalid_argument` with the JSON pointer of the place
 */
export function generateRequestFrom(body: JsonObject, inputs: readonly TensorMetadata[]): GenerateRequest {
  const { id, parameters: nested, ...members } = body
  const byName = new Map(inputs.map((input) => [input.name, input]))
  const tensors = Object.entries(members).flatMap(([name, value]) => {
    const input = byName.get(name)
    return input === undefined ? [] : tensorFromValue(input, value)
  })
  const others = Object.entries(members).filter(([name]) => !byName.has(name))
  return {
    ...(id === undefined ? {} : { id: textAt(id, '/id') }),
    tensors,
    parameters: { ...optionalObjectAt(nested, '/parameters'), ...Object.fromEntries(others) },
  }
}

function tensorFromValue(input: TensorMetadata, value: unknown): Tensor {
  const at = `/${input.name.replaceAll('~', '~0').replaceAll('/', '~1')}`
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  for (const [index, each] of list.entries()) {
    if (typeof each !== 'object') continue
    const place = Array.isArray(value) ? `${at}/${index}` : at
    throw badValue(place, each, Array.isArray(value) ? 'one value' : 'a value or a list of values')
  }
  const shape = Array.isArray(value) || input.shape.length > 0 ? shapeFor(input, list.length) : []
  return tensorFromData({ name: input.name, datatype: input.dtype, shape, at }, list)
}

/** The last variable dimension takes what the fixed ones leave; the other variable ones are 1. */
function shapeFor(input: TensorMetadata, count: number): number[] {
  const { name, shape } = input
  if (shape.length === 0) return [count]
  const fixed = shape.reduce<number>((product, size) => product * (isFixed(size) ? size : 1), 1)
  const last = shape.findLastIndex(isVariable)
  if (last !== -1 && (fixed === 0 || count % fixed !== 0)) {
    throw badBody(
      `input '${name}' has ${shownValue(count)} elements, which do not fill the model's shape ${formatShape(shape)}`,
    )
  }
  return shape.map((size, index) => (isFixed(size) ? size : index === last ? count / fixed : 1))
}

function isFixed(size: number | string): size is number {
  return !isVariable(size)
}
