/**
 * Element types of a tensor, in the names of the Open Inference Protocol.
 *
 * These are the ONNX types that onnxruntime-node carries. BF16, FP8 and the complex types have no
 * JavaScript representation in its 1.30.0 binding and are refused when a model is loaded.
 */
export const DATA_TYPES = [
  'BOOL',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP16',
  'FP32',
  'FP64',
  'BYTES',
] as const

export type DataType = (typeof DATA_TYPES)[number]

/** Every data type with a fixed element size: all but strings. */
export type NumericDataType = Exclude<DataType, 'BYTES'>

/**
 * The array that holds the elements of each data type.
 *
 * `BOOL` is one byte per element, 0 or 1. `FP16` is the raw IEEE 754 half-precision bit pattern: Node.js 20
 * has no `Float16Array`. `BYTES` holds strings, because ONNX strings are UTF-8 text in this runtime.
 */
export interface TensorDataByType {
  readonly BOOL: Uint8Array
  readonly UINT8: Uint8Array
  readonly UINT16: Uint16Array
  readonly UINT32: Uint32Array
  readonly UINT64: BigUint64Array
  readonly INT8: Int8Array
  readonly INT16: Int16Array
  readonly INT32: Int32Array
  readonly INT64: BigInt64Array
  readonly FP16: Uint16Array
  readonly FP32: Float32Array
  readonly FP64: Float64Array
  readonly BYTES: readonly string[]
}

type NumericArrayConstructor<A> = {
  new (length: number): A
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): A
  readonly name: string
  readonly BYTES_PER_ELEMENT: number
}

/** The typed-array constructor of each numeric data type; its `BYTES_PER_ELEMENT` is the element size. */
export const ARRAY_OF: { readonly [D in NumericDataType]: NumericArrayConstructor<TensorDataByType[D]> } = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  FP16: Uint16Array,
  FP32: Float32Array,
  FP64: Float64Array,
}

export function isDataType(value: unknown): value is DataType {
  return (DATA_TYPES as readonly unknown[]).includes(value)
}

/**
 * Element types that a tensor may have on its way here. BF16 becomes FP32, which holds all its values; nothing is
 * answered as BF16.
 */
export type WireDataType = DataType | 'BF16'

export const WIRE_DATA_TYPES: readonly WireDataType[] = [...DATA_TYPES, 'BF16']

export function isWireDataType(value: unknown): value is WireDataType {
  return (WIRE_DATA_TYPES as readonly unknown[]).includes(value)
}

/** Size of an element on the wire; undefined for strings, each of which has its own. */
export function elementBytes(datatype: WireDataType): number | undefined {
  if (datatype === 'BYTES') return undefined
  return datatype === 'BF16' ? 2 : ARRAY_OF[datatype].BYTES_PER_ELEMENT
}
