import { isVariable, type TensorMetadata } from '../../../worker/contract/tensor.ts'
import type { DataPlane, ModelSelector } from '../../core/data-plane.ts'
import { EXTENSIONS } from './extensions.ts'

/* What the server and its models say of themselves, for HTTP and gRPC alike. */

export const SERVER_NAME = 'onnxserve'

/** Triton's name for ONNX graphs. */
const PLATFORM = 'onnxruntime_onnx'

export function serverMetadata(version: string) {
  return { name: SERVER_NAME, version, extensions: EXTENSIONS }
}

/**
 * A version's tensors, and the versions of its model that can answer: only this one if it was asked for by name.
 *
 * @throws ServingError `not_found` | `unavailable`
 */
export function modelMetadata(dataPlane: DataPlane, selector: ModelSelector) {
  const { model, versions, inputs, outputs } = dataPlane.metadata(selector)
  return {
    name: model.name,
    versions: selector.version === undefined ? versions : [model.version],
    platform: PLATFORM,
    inputs: inputs.map(tensorMetadata),
    outputs: outputs.map(tensorMetadata),
  }
}

/** Any size is -1 here, named or not. */
function tensorMetadata({ name, dtype, shape }: TensorMetadata) {
  return { name, datatype: dtype, shape: shape.map((size) => (isVariable(size) ? -1 : Number(size))) }
}
