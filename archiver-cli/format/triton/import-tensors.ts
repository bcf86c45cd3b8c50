import { nearest } from '../../../worker/contract/nearest.ts'
import { formatShape, isVariable, type TensorMetadata } from '../../../worker/contract/tensor.ts'
import type { OnnxSignature } from '../onnx-signature.ts'
import type { TritonConfig, TritonInput, TritonOutput } from './model-config-schema.ts'
import { refused, type Note } from './refusals.ts'

type Declared = Pick<TritonInput & TritonOutput, 'name' | 'data_type' | 'dims' | 'reshape'>

/** What tensors are declared for, and how. */
type Side = {
  readonly kind: 'input' | 'output'
  readonly declared: readonly Declared[]
  readonly graph: readonly TensorMetadata[] | undefined
  readonly isBatched: boolean
}

/**
 * Compares the declared inputs and outputs with each other and with the graph. Where dimensions are declared, those
 * behind the rows are meant if the model batches.
 *
 * @throws ServingError `invalid_argument`
 */
export function checkTensors(config: TritonConfig, signature: OnnxSignature | undefined, note: Note): void {
  const { max_batch_size: maxRows = 0, input = [], output = [] } = config
  const isBatched = maxRows > 0
  const sides: readonly Side[] = [
    { kind: 'input', declared: input, graph: signature?.inputs, isBatched },
    { kind: 'output', declared: output, graph: signature?.outputs, isBatched },
  ]
  for (const side of sides) {
    checkNames(side, note)
    for (const tensor of side.declared) checkTensor(tensor, side, note)
    if (isBatched) checkRows(side, maxRows)
  }
}

function checkNames({ kind, declared, graph }: Side, note: Note): void {
  const names = declared.map(({ name = '' }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw refused(`the ${kind} '${twice}' is declared twice`)
  if (graph === undefined || declared.length === 0) return
  const known = graph.map(({ name }) => name)
  const stranger = names.find((name) => !known.includes(name))
  if (stranger !== undefined) {
    const suggestion = nearest(stranger, known)
    const hint = suggestion === undefined ? `it has ${known.join(', ')}` : `did you mean '${suggestion}'?`
    throw refused(`the graph has no ${kind} '${stranger}'; ${hint}`)
  }
  const missing = known.find((name) => !names.includes(name))
  if (missing === undefined) return
  if (kind === 'input') throw refused(`the graph's input '${missing}' is not declared; declare all, or none`)
  note(`the output '${missing}' is not declared, and answered all the same`)
}

function checkTensor(tensor: Declared, { kind, graph, isBatched }: Side, note: Note): void {
  const { name = '', data_type: type = 'TYPE_INVALID' } = tensor
  const dims = checkedDims(tensor.dims ?? [], `${kind} '${name}'`)
  const model = graph?.find((each) => each.name === name)
  const seen = tensor.reshape === undefined ? dims : reshaped(dims, tensor, `${kind} '${name}'`)
  if (model === undefined) return
  if (type !== 'TYPE_INVALID' && dtypeOf(type) !== model.dtype) {
    throw refused(`${kind} '${name}' is declared as ${type}; the graph has ${model.dtype}`)
  }
  if (tensor.dims === undefined) return
  const declared = isBatched ? [-1, ...seen] : seen
  checkShape(declared, model, `${kind} '${name}'`)
  if (tensor.reshape !== undefined && formatShape(dims) !== formatShape(seen)) {
    note(`${kind} '${name}' is not reshaped; it has the graph's own shape ${formatShape(model.shape)} here`)
  } else if (declared.some((size, i) => size !== -1 && isVariable(model.shape[i]))) {
    note(`${kind} '${name}' may have any shape that the graph allows: ${formatShape(model.shape)}`)
  }
}

function checkedDims(dims: readonly (number | string)[], what: string): readonly number[] {
  const wrong = dims.find((size) => typeof size === 'string' || (size < 1 && size !== -1))
  if (wrong !== undefined) throw refused(`${what} has the dimension ${wrong}; expected -1 or at least 1`)
  return dims.map(Number)
}

/** The shape that the model sees; it must hold as many elements as the declared one. */
function reshaped(dims: readonly number[], { reshape }: Declared, what: string): readonly number[] {
  const shape = checkedDims(reshape?.shape ?? [], what)
  const variable = (sizes: readonly number[]) => sizes.filter((size) => size === -1).length
  if (elements(dims) !== elements(shape) || variable(dims) !== variable(shape)) {
    throw refused(`${what} cannot be reshaped from ${formatShape(dims)} to ${formatShape(shape)}`)
  }
  return shape
}

function elements(dims: readonly number[]): bigint {
  return dims.filter((size) => size !== -1).reduce((product, size) => product * BigInt(size), 1n)
}

function checkShape(declared: readonly number[], { shape }: TensorMetadata, what: string): void {
  const fits =
    declared.length === shape.length && shape.every((size, i) => isVariable(size) || size === declared[i])
  if (!fits) {
    throw refused(
      `${what} is declared as ${formatShape(declared)}; the graph has ${formatShape(shape)}${trap(declared, shape)}`,
    )
  }
}

/** The mistake that is made most: dimensions with the rows, where they are meant without. */
function trap(declared: readonly number[], shape: readonly (number | string)[]): string {
  if (declared.length === shape.length + 1) return ' (with max_batch_size above 0, dims leave out the rows)'
  if (declared.length === shape.length - 1) return ' (with max_batch_size 0, dims are the whole shape)'
  return ''
}

/** @throws ServingError `invalid_argument` when requests of a graph cannot be put together by their rows. */
function checkRows({ kind, graph = [] }: Side, maxRows: number): void {
  const single = graph.find(({ shape }) => shape.length === 0 || !isVariable(shape[0]))
  if (single === undefined) return
  throw refused(
    `max_batch_size is ${maxRows}, but the graph's ${kind} '${single.name}' has the shape ${formatShape(single.shape)}, without rows; set max_batch_size: 0`,
  )
}

function dtypeOf(type: string): string {
  return type === 'TYPE_STRING' ? 'BYTES' : type.slice('TYPE_'.length)
}
