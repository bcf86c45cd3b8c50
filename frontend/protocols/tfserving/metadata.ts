import type { DataType } from '../../../worker/contract/data-type.ts'
import type { TensorMetadata } from '../../../worker/contract/tensor.ts'
import type { VersionMetadata } from '../../core/data-plane.ts'
import { signaturesOf, type Signature, type SignatureTensor } from './signatures.ts'

/* What TensorFlow Serving says of a model, in the terms of its messages: for JSON, and for gRPC. */

/**
 * `tensorflow.DataType` by its name and number.
 *
 * @see https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/framework/types.proto
 */
export const DT_OF: Readonly<Record<DataType, { readonly name: string; readonly number: number }>> = {
  FP32: { name: 'DT_FLOAT', number: 1 },
  FP64: { name: 'DT_DOUBLE', number: 2 },
  INT32: { name: 'DT_INT32', number: 3 },
  UINT8: { name: 'DT_UINT8', number: 4 },
  INT16: { name: 'DT_INT16', number: 5 },
  INT8: { name: 'DT_INT8', number: 6 },
  BYTES: { name: 'DT_STRING', number: 7 },
  INT64: { name: 'DT_INT64', number: 9 },
  BOOL: { name: 'DT_BOOL', number: 10 },
  UINT16: { name: 'DT_UINT16', number: 17 },
  FP16: { name: 'DT_HALF', number: 19 },
  UINT32: { name: 'DT_UINT32', number: 22 },
  UINT64: { name: 'DT_UINT64', number: 23 },
}

export type Dimension = { readonly size: string; readonly name: string }

/** `TensorInfo`; its `dtype` is the name of an enumeration. */
export type TensorInfo = {
  readonly dtype: string
  readonly tensor_shape: { readonly dim: readonly Dimension[]; readonly unknown_rank: boolean }
  /** The graph's own name. */
  readonly name: string
}

/** `SignatureDef`. */
export type SignatureDef = {
  readonly inputs: Readonly<Record<string, TensorInfo>>
  readonly outputs: Readonly<Record<string, TensorInfo>>
  readonly method_name: string
  readonly defaults: Readonly<Record<string, never>>
}

/** `SignatureDefMap.signature_def`. */
export function signatureDefs(metadata: VersionMetadata): Readonly<Record<string, SignatureDef>> {
  return Object.fromEntries(
    signaturesOf(metadata).map((signature) => [signature.name, signatureDef(signature)]),
  )
}

function signatureDef({ inputs, outputs, method }: Signature): SignatureDef {
  return {
    inputs: tensorInfos(inputs),
    outputs: tensorInfos(outputs),
    method_name: `tensorflow/serving/${method}`,
    defaults: {},
  }
}

function tensorInfos(tensors: readonly SignatureTensor[]): Readonly<Record<string, TensorInfo>> {
  return Object.fromEntries(tensors.map(({ alias, tensor }) => [alias, tensorInfo(tensor)]))
}

function tensorInfo({ name, dtype, shape, isScalar = false }: TensorMetadata): TensorInfo {
  const dim = shape.map((size) =>
    typeof size === 'string' ? { size: '-1', name: size } : { size: String(size), name: '' },
  )
  const unknownRank = shape.length === 0 && !isScalar
  return { dtype: DT_OF[dtype].name, tensor_shape: { dim, unknown_rank: unknownRank }, name }
}

/** `GET …/metadata`. The key `signature_def` is really there twice. */
export function metadataToJson(metadata: VersionMetadata, version: string) {
  return {
    model_spec: { name: metadata.model.name, signature_name: '', version },
    metadata: { signature_def: { signature_def: signatureDefs(metadata) } },
  }
}
