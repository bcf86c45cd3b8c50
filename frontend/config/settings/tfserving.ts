import { path, toggle } from '../values.ts'
import { setting } from './setting.ts'

/** How TensorFlow Serving's dialect behaves. */
export const tfServingSettings = {
  batchingParametersFile: setting({
    property: 'batching_parameters_file',
    kind: path,
    default: '',
    defaultText: 'none',
    doc: "TF Serving's `BatchingParameters` in protobuf's text format: what it says of batches and queues counts instead of the defaults here.",
  }),
  enableSerializationAsTensorContent: setting({
    property: 'enable_serialization_as_tensor_content',
    kind: toggle,
    default: false,
    doc: "Whether TensorFlow Serving's gRPC `Predict` always answers raw elements (`tensor_content`); otherwise only where the request had some, and typed lists (`float_val` …) else.",
  }),
} as const
