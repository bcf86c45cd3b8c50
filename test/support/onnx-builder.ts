import type { DataType } from '../../worker/contract/data-type.ts'
import type { Tensor } from '../../worker/contract/tensor.ts'
import { bytesField, floatField, integerField, messageField, stringField } from './protobuf-writer.ts'

/*
 * Writes ONNX files without any library, so that a test can have any graph, also one that no exporter makes.
 * Field numbers: github.com/onnx/onnx, onnx/onnx.proto. Data types are those of `TensorProto.DataType`.
 */

/** `BF16` has no JavaScript array; it is here so that tests can ask for a type that is refused. */
export type OnnxType = DataType | 'BF16'

const TYPE_NUMBER: Readonly<Record<OnnxType, number>> = {
  FP32: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  BYTES: 8,
  BOOL: 9,
  FP16: 10,
  FP64: 11,
  UINT32: 12,
  UINT64: 13,
  BF16: 16,
}

/**
 * An input or output. A dimension is a size, a symbolic name, or -1 for one that is variable and unnamed;
 * without a shape even the rank is unknown. A `sequence` is a list of such tensors.
 */
export type ValueInfo = {
  readonly name: string
  readonly dtype: OnnxType
  readonly shape?: readonly (number | string)[]
  readonly sequence?: boolean
}

/** Weights that lie in another file, beside the model when `location` is an honest one. */
export type ExternalTensor = {
  readonly name: string
  readonly dtype: OnnxType
  readonly shape: readonly number[]
  readonly external: { readonly location: string; readonly offset?: number; readonly length?: number }
}

export type Initializer = Tensor | ExternalTensor

/** A sparse tensor: `values` named like the initializer that it stands for, `indices` of its non-zero elements. */
export type SparseInitializer = {
  readonly values: Initializer
  readonly indices: Initializer
  readonly shape: readonly number[]
}

export type Attribute =
  | { readonly int: number | bigint }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly ints: readonly (number | bigint)[] }
  | { readonly floats: readonly number[] }
  | { readonly strings: readonly string[] }
  | { readonly tensor: Initializer }
  | { readonly tensors: readonly Initializer[] }
  | { readonly sparse: SparseInitializer }
  | { readonly graph: Graph }

export type Node = {
  readonly op: string
  /** An empty name leaves an optional input out. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes?: Readonly<Record<string, Attribute>>
  readonly domain?: string
}

export type Graph = {
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
  readonly nodes: readonly Node[]
  readonly initializers?: readonly Initializer[]
  readonly sparseInitializers?: readonly SparseInitializer[]
}

/** A model-local function; a node calls it by its name as `op` and the same `domain`. */
export type ModelFunction = {
  readonly name: string
  readonly domain: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly nodes: readonly Node[]
}

export type Model = Graph & {
  readonly functions?: readonly ModelFunction[]
  readonly opset?: number
  readonly irVersion?: number
}

/** The bytes of a `.onnx` file. */
export function buildModel(model: Model): Uint8Array {
  const { functions = [], opset = 21, irVersion = 10 } = model
  const domains = functions.map((each) => opsetImport(8, each.domain, 1))
  return Buffer.concat([
    integerField(1, irVersion),
    stringField(2, 'onnxserve-test'),
    messageField(7, ...graphFields(model)),
    opsetImport(8, '', opset),
    ...domains,
    ...functions.map((each) => messageField(25, ...functionFields(each, opset))),
  ])
}

function opsetImport(field: number, domain: string, version: number): Uint8Array {
  return messageField(field, stringField(1, domain), integerField(2, version))
}

function graphFields(graph: Graph): Uint8Array[] {
  const { initializers = [], sparseInitializers = [] } = graph
  return [
    ...graph.nodes.map((node) => messageField(1, ...nodeFields(node))),
    stringField(2, 'graph'),
    ...initializers.map((tensor) => messageField(5, ...tensorFields(tensor))),
    ...graph.inputs.map((input) => messageField(11, ...valueFields(input))),
    ...graph.outputs.map((output) => messageField(12, ...valueFields(output))),
    ...sparseInitializers.map((tensor) => messageField(15, ...sparseFields(tensor))),
  ]
}

function functionFields(each: ModelFunction, opset: number): Uint8Array[] {
  return [
    stringField(1, each.name),
    ...each.inputs.map((name) => stringField(4, name)),
    ...each.outputs.map((name) => stringField(5, name)),
    ...each.nodes.map((node) => messageField(7, ...nodeFields(node))),
    opsetImport(9, '', opset),
    stringField(10, each.domain),
  ]
}

function nodeFields(node: Node): Uint8Array[] {
  return [
    ...node.inputs.map((name) => stringField(1, name)),
    ...node.outputs.map((name) => stringField(2, name)),
    stringField(4, node.op),
    ...Object.entries(node.attributes ?? {}).map(([name, value]) =>
      messageField(5, stringField(1, name), ...attributeFields(value)),
    ),
    stringField(7, node.domain ?? ''),
  ]
}

/** Field 20 is the attribute's type; a reader goes by it, not by the field that is present. */
function attributeFields(value: Attribute): Uint8Array[] {
  if ('float' in value) return [floatField(2, value.float), integerField(20, 1)]
  if ('int' in value) return [integerField(3, value.int), integerField(20, 2)]
  if ('string' in value) return [stringField(4, value.string), integerField(20, 3)]
  if ('tensor' in value) return [messageField(5, ...tensorFields(value.tensor)), integerField(20, 4)]
  if ('graph' in value) return [messageField(6, ...graphFields(value.graph)), integerField(20, 5)]
  if ('floats' in value) return [...value.floats.map((each) => floatField(7, each)), integerField(20, 6)]
  if ('ints' in value) return [...value.ints.map((each) => integerField(8, each)), integerField(20, 7)]
  if ('strings' in value) return [...value.strings.map((each) => stringField(9, each)), integerField(20, 8)]
  if ('tensors' in value) {
    return [...value.tensors.map((each) => messageField(10, ...tensorFields(each))), integerField(20, 9)]
  }
  return [messageField(22, ...sparseFields(value.sparse)), integerField(20, 11)]
}

function tensorFields(tensor: Initializer): Uint8Array[] {
  return [
    ...tensor.shape.map((size) => integerField(1, size)),
    integerField(2, TYPE_NUMBER[tensor.dtype]),
    stringField(8, tensor.name),
    ...('external' in tensor ? externalFields(tensor.external) : dataFields(tensor)),
  ]
}

function dataFields(tensor: Tensor): Uint8Array[] {
  if (tensor.dtype === 'BYTES') return tensor.data.map((text) => stringField(6, text))
  const { buffer, byteOffset, byteLength } = tensor.data
  return [bytesField(9, new Uint8Array(buffer, byteOffset, byteLength))]
}

function externalFields(external: ExternalTensor['external']): Uint8Array[] {
  const entries = Object.entries(external).map(([name, value]) =>
    messageField(13, stringField(1, name), stringField(2, String(value))),
  )
  return [...entries, integerField(14, 1)]
}

function sparseFields(tensor: SparseInitializer): Uint8Array[] {
  return [
    messageField(1, ...tensorFields(tensor.values)),
    messageField(2, ...tensorFields(tensor.indices)),
    ...tensor.shape.map((size) => integerField(3, size)),
  ]
}

function valueFields(value: ValueInfo): Uint8Array[] {
  const tensorType = messageField(1, ...tensorTypeFields(value))
  const type = value.sequence === true ? messageField(4, messageField(1, tensorType)) : tensorType
  return [stringField(1, value.name), messageField(2, type)]
}

function tensorTypeFields({ dtype, shape }: ValueInfo): Uint8Array[] {
  const elementType = integerField(1, TYPE_NUMBER[dtype])
  return shape === undefined ? [elementType] : [elementType, messageField(2, ...shape.map(dimensionField))]
}

function dimensionField(dimension: number | string): Uint8Array {
  if (typeof dimension === 'string') return messageField(1, stringField(2, dimension))
  return dimension === -1 ? messageField(1) : messageField(1, integerField(1, dimension))
}
