import type { TensorMetadata } from '../../../worker/contract/tensor.ts'
import { isVariable } from '../../../worker/contract/tensor.ts'
import type { VersionMetadata } from '../../core/data-plane.ts'

/** A `ModelMetadataResponse`. */
export function metadataToGrpc({ model, versions, inputs, outputs }: VersionMetadata): object {
  return {
    name: model.name,
    versions,
    platform: 'onnxruntime_onnx',
    inputs: inputs.map(tensorMetadataToGrpc),
    outputs: outputs.map(tensorMetadataToGrpc),
  }
}

function tensorMetadataToGrpc({ name, dtype, shape }: TensorMetadata): object {
  return { name, datatype: dtype, shape: shape.map((size) => (isVariable(size) ? -1 : size)) }
}
