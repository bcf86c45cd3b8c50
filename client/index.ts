/*
 * `onnxserve/client`: a typed client of the Open Inference Protocol, for browsers and Node.js.
 */
export { OnnxServeClient, type ClientOptions, type ServerMetadata } from './client.ts'
export type { CallOptions } from './call.ts'
export { OnnxServeError, type FailureKind } from './errors.ts'
export type { InferOptions, InferResult, Model, ParameterValue } from './model.ts'
export {
  modelSchema,
  type DataOf,
  type DataType,
  type InputOf,
  type InputsOf,
  type ModelSchema,
  type OutputsOf,
  type OutputTensor,
  type TensorSchema,
} from './schema.ts'
