import { ARRAY_OF, isDataType, type DataType } from '../contract/data-type.ts'
import { ServingError } from '../contract/errors.ts'
import { elementCount, formatShape, type Tensor } from '../contract/tensor.ts'

/** What a handler means as a tensor, right or wrong. */
type TensorLike = {
  readonly name: unknown
  readonly dtype: DataType
  readonly shape: readonly unknown[]
  readonly data: readonly unknown[] | ArrayBufferView
}

/**
 * The tensors that a handler answered; undefined when the answer is something else.
 *
 * @throws ServingError `internal` naming the tensor whose fields do not fit each other: the client would get other
 * numbers, without an error.
 */
export function tensorsFromAnswer(answer: unknown): readonly Tensor[] | undefined {
  if (!Array.isArray(answer) || answer.length === 0 || !answer.every(isTensorLike)) return undefined
  return answer.map((tensor) => {
    const problem = problemOf(tensor)
    if (problem !== undefined) {
      throw new ServingError('internal', `the handler answered tensor '${String(tensor.name)}', ${problem}`)
    }
    return tensor as Tensor // problemOf has looked at every field
  })
}

/**
 * The tensors that a client wants, in the order in which it wants them.
 *
 * @throws ServingError `internal` when the handler has not answered one of them.
 */
export function selectTensors(tensors: readonly Tensor[], wanted: readonly string[]): readonly Tensor[] {
  return wanted.map((name) => {
    const tensor = tensors.find((each) => each.name === name)
    if (tensor !== undefined) return tensor
    const answered = tensors.map((each) => `'${each.name}'`).join(', ')
    throw new ServingError(
      'internal',
      `the handler answered ${answered}, but not the wanted output '${name}'`,
    )
  })
}

/** The flat `data` tells a tensor from a JSON object that happens to look like one. */
function isTensorLike(value: unknown): value is TensorLike {
  if (typeof value !== 'object' || value === null) return false
  if (!('name' in value && 'dtype' in value && 'shape' in value && 'data' in value)) return false
  const { dtype, shape, data } = value
  return (
    isDataType(dtype) &&
    Array.isArray(shape) &&
    (dtype === 'BYTES' ? Array.isArray(data) : ArrayBuffer.isView(data))
  )
}

function problemOf({ name, dtype, shape, data }: TensorLike): string | undefined {
  if (typeof name !== 'string') return `whose name is a ${typeof name}, not a string`
  if (!isShape(shape))
    return `whose shape is [${shape.map(String).join(',')}], expected are non-negative integers`
  return wrongData(dtype, data) ?? wrongLength(shape, data)
}

/** A copy, because `every` would skip the holes of an array. */
function isShape(shape: readonly unknown[]): shape is readonly number[] {
  return Array.from(shape).every((dimension) => Number.isSafeInteger(dimension) && Number(dimension) >= 0)
}

function wrongData(dtype: DataType, data: TensorLike['data']): string | undefined {
  if (dtype === 'BYTES') {
    const index = Array.from(data as readonly unknown[]).findIndex((each) => typeof each !== 'string') // isTensorLike
    return index === -1 ? undefined : `whose element ${index} is no string`
  }
  if (data instanceof ARRAY_OF[dtype]) return undefined
  return `whose data is a ${data.constructor.name}, ${dtype} expects a ${ARRAY_OF[dtype].name}`
}

function wrongLength(shape: readonly number[], data: TensorLike['data']): string | undefined {
  const length = 'length' in data ? data.length : 0
  const expected = elementCount(shape)
  return length === expected
    ? undefined
    : `which has ${String(length)} elements, its shape ${formatShape(shape)} needs ${expected}`
}
