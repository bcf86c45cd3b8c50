import { ARRAY_OF } from './data-type.ts'
import { fitsShape, wrongShape } from './check-feeds.ts'
import { EXPECTED_ELEMENT, writeElements } from './element-from-json.ts'
import { ServingError } from './errors.ts'
import { shownValue } from './shown-value.ts'
import { elementCount, type Tensor, type TensorMetadata } from './tensor.ts'

/** Deeper than any tensor: such nesting is an attack on the stack. */
const MAX_RANK = 32

export type ParsedTensor = {
  readonly tensor: Tensor
  /** The value had one dimension less than the input: a single row, without the dimension of the rows. */
  readonly isSingleRow: boolean
}

/**
 * Makes the tensor of an input from nested JSON arrays, without intermediate arrays.
 *
 * A value of one dimension less than the input is taken as its only row.
 *
 * @throws ServingError `invalid_argument` naming the input, the path of the value, and what is expected there.
 */
export function tensorFromJson(input: TensorMetadata, value: unknown): ParsedTensor {
  const given = shapeOf(input, value)
  const isSingleRow = given.length === input.shape.length - 1
  const shape = isSingleRow ? [1, ...given] : given
  if (!fitsShape(input, shape)) throw wrongShape(input, given)
  // Before anything is allocated: a ragged array may claim far more elements than it has.
  checkNesting(input, value, given)
  const { name, dtype } = input
  const data =
    dtype === 'BYTES' ? new Array<string>(elementCount(shape)) : new ARRAY_OF[dtype](elementCount(shape))
  const tensor = { name, dtype, shape, data } as Tensor // data was made for dtype
  const bad = fill(tensor, value, given.length)
  if (bad !== -1) throw badElement(input, { value, shape: given, index: bad })
  return { tensor, isSingleRow }
}

/** The shape by the first element at each depth. */
function shapeOf(input: TensorMetadata, value: unknown): number[] {
  const shape: number[] = []
  for (let level: unknown = value; Array.isArray(level); level = level[0] as unknown) {
    if (shape.length === MAX_RANK) throw badInput(input, `is nested deeper than ${MAX_RANK} arrays`)
    shape.push(level.length)
  }
  return shape
}

/** Every array has the length of its siblings, and all elements are equally deep; looks at no element. */
function checkNesting(input: TensorMetadata, value: unknown, shape: readonly number[]): void {
  if (!Array.isArray(value)) return
  const ragged = raggedPath(value, shape)
  if (ragged === undefined) return
  const path = (indexes: readonly number[]) => input.name + indexes.map((index) => `[${index}]`).join('')
  const found = ragged.reduce<unknown>((array, index) => (array as readonly unknown[])[index], value) // a path of arrays
  const length = Array.isArray(found) ? `${found.length} elements` : 'no array'
  const sibling = path([...ragged.slice(0, -1), 0])
  const expected = shape[ragged.length] ?? 0
  throw badInput(input, `is ragged: ${path(ragged)} has ${length}, ${sibling} has ${expected}`)
}

/** Indexes that lead to the first array which is not as `shape` says. */
function raggedPath(array: readonly unknown[], shape: readonly number[], depth = 0): number[] | undefined {
  if (depth === shape.length - 1) return undefined
  for (let index = 0; index < array.length; index++) {
    const each = array[index]
    if (!Array.isArray(each) || each.length !== shape[depth + 1]) return [index]
    const deeper = raggedPath(each, shape, depth + 1)
    if (deeper !== undefined) return [index, ...deeper]
  }
  return undefined
}

/** @returns the flat index of the first bad element, or -1 */
function fill(tensor: Tensor, value: unknown, depth: number): number {
  let at = 0
  const visit = (array: readonly unknown[], below: number): number => {
    if (below === 1) {
      const bad = writeElements(tensor, { row: array, at })
      at += array.length
      return bad === -1 ? -1 : at - array.length + bad
    }
    for (const each of array) {
      const bad = visit(each as readonly unknown[], below - 1) // checkNesting has seen that it is an array
      if (bad !== -1) return bad
    }
    return -1
  }
  return depth === 0 ? writeElements(tensor, { row: [value], at }) : visit(value as readonly unknown[], depth)
}

type Place = { readonly value: unknown; readonly shape: readonly number[]; readonly index: number }

function badElement(input: TensorMetadata, { value, shape, index }: Place): ServingError {
  let element = value
  let path = input.name
  let rest = index
  for (const axis of shape.keys()) {
    const stride = elementCount(shape.slice(axis + 1))
    const position = Math.floor(rest / stride)
    rest %= stride
    path += `[${position}]`
    element = (element as readonly unknown[])[position] // checkNesting has seen that it is an array
  }
  return badInput(
    input,
    `has ${shownValue(element)} at ${path}, ${input.dtype} expects ${EXPECTED_ELEMENT[input.dtype]}`,
  )
}

function badInput({ name }: TensorMetadata, problem: string): ServingError {
  return new ServingError('invalid_argument', `input '${name}' ${problem}`, { reason: 'input' })
}
