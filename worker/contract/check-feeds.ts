import { ServingError } from './errors.ts'
import { nearest } from './nearest.ts'
import { elementsIn } from './string-block.ts'
import { elementCount, formatShape, isVariable, type Tensor, type TensorMetadata } from './tensor.ts'

/**
 * Checks a request's tensors against a model's inputs and returns them in the order of the inputs, without the
 * optional ones that it leaves out.
 *
 * Names, data types, ranks, fixed dimensions, dimensions of the same symbolic name, and the number of elements.
 * An input without a declared shape takes any.
 *
 * @throws ServingError `invalid_argument` naming the input, what it is and what the model expects.
 */
export function checkFeeds(inputs: readonly TensorMetadata[], tensors: readonly Tensor[]): readonly Tensor[] {
  const ordered: Tensor[] = []
  for (const input of inputs) {
    const tensor = tensors.find((each) => each.name === input.name)
    if (tensor !== undefined) {
      checkTensor(input, tensor)
      ordered.push(tensor)
    } else if (input.optional !== true) throw absentInput(input, inputs, tensors)
  }
  if (tensors.length > ordered.length) refuseExtra(inputs, tensors)
  if (inputs.length > 1) checkSymbols(inputs, ordered)
  return ordered
}

/** @throws ServingError `invalid_argument` when an input of this name does not exist */
export function unknownInput(name: string, inputs: readonly TensorMetadata[]): ServingError {
  const names = inputs.map((input) => input.name)
  const suggestion = nearest(name, names)
  const hint = suggestion === undefined ? '' : `; did you mean '${suggestion}'?`
  return badInput(
    `unknown input '${name}', the model expects ${names.map((each) => `'${each}'`).join(', ')}${hint}`,
  )
}

/** A misspelt name is the likelier mistake than a forgotten one. */
function absentInput(
  input: TensorMetadata,
  inputs: readonly TensorMetadata[],
  tensors: readonly Tensor[],
): ServingError {
  const unknown = tensors.find(({ name }) => !inputs.some((each) => each.name === name))
  return unknown === undefined ? missingInput(input) : unknownInput(unknown.name, inputs)
}

export function missingInput({ name, dtype, shape }: TensorMetadata): ServingError {
  return badInput(`input '${name}' is missing, model expects ${dtype} ${formatShape(shape)}`)
}

/** Whether a shape is one that the input takes; where none is declared, it takes any. */
export function fitsShape(
  { shape: expected, isScalar = false }: TensorMetadata,
  shape: readonly number[],
): boolean {
  if (expected.length === 0) return !isScalar || shape.length === 0
  return (
    shape.length === expected.length &&
    expected.every((dimension, index) => isVariable(dimension) || dimension === shape[index])
  )
}

export function wrongShape(
  { name, shape: expected }: TensorMetadata,
  shape: readonly number[],
): ServingError {
  const isRow =
    isVariable(expected[0]) &&
    shape.length === expected.length - 1 &&
    fitsShape({ name, dtype: 'FP32', shape: expected.slice(1) }, shape)
  const hint = isRow ? `; its first dimension is the rows: send ${formatShape([1, ...shape])} for one` : ''
  return badInput(
    `input '${name}' has shape ${formatShape(shape)}, model expects ${formatShape(expected)}${hint}`,
  )
}

function checkTensor(input: TensorMetadata, tensor: Tensor): void {
  const { dtype, shape } = tensor
  if (dtype !== input.dtype) {
    throw badInput(`input '${input.name}' has dtype ${dtype}, model expects ${input.dtype}`)
  }
  if (!shape.every(isSize) || !fitsShape(input, shape)) throw wrongShape(input, shape)
  const count = elementsIn(tensor)
  if (count !== elementCount(shape)) {
    throw badInput(
      `input '${input.name}' has ${count} elements, its shape ${formatShape(shape)} needs ${elementCount(shape)}`,
    )
  }
  if (count === 0) checkEmpty(input, shape)
}

/** Of a tensor without elements: its sizes cost its sender nothing, and each row costs the engine. */
const MAX_EMPTY_SIZE = 65_536

function checkEmpty({ name }: TensorMetadata, shape: readonly number[]): void {
  if (elementCount(shape.filter((size) => size > 0)) <= MAX_EMPTY_SIZE) return
  throw badInput(
    `input '${name}' has shape ${formatShape(shape)} and no elements; the other sizes of an empty tensor may come to ${MAX_EMPTY_SIZE} at most`,
  )
}

/** Two negative sizes would make a number of elements that looks right. */
function isSize(dimension: number): boolean {
  return Number.isSafeInteger(dimension) && dimension >= 0
}

function refuseExtra(inputs: readonly TensorMetadata[], tensors: readonly Tensor[]): void {
  const seen = new Set<string>()
  for (const { name } of tensors) {
    if (!inputs.some((input) => input.name === name)) throw unknownInput(name, inputs)
    if (seen.has(name)) throw badInput(`input '${name}' is given twice`)
    seen.add(name)
  }
}

/** Dimensions of one symbolic name are one size: the engine would fail on them with a less helpful message. */
function checkSymbols(inputs: readonly TensorMetadata[], tensors: readonly Tensor[]): void {
  const sizes = new Map<string, { readonly size: number; readonly of: string }>()
  for (const { name, shape } of inputs) {
    const given = tensors.find((tensor) => tensor.name === name)?.shape
    for (const [axis, symbol] of shape.entries()) {
      const size = given?.[axis]
      if (typeof symbol !== 'string' || size === undefined) continue
      const known = sizes.get(symbol) ?? { size, of: name }
      sizes.set(symbol, known)
      if (known.size !== size) {
        throw badInput(
          `input '${name}' has '${symbol}' ${size}, but input '${known.of}' has ${known.size}; they must be equal`,
        )
      }
    }
  }
}

function badInput(message: string): ServingError {
  return new ServingError('invalid_argument', message, { reason: 'input' })
}
