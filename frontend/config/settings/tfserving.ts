import { path, toggle } from '../values.ts'
import { setting } from './setting.ts'

/** How TensorFlow Serving's dialect behaves, and what its command line says. */
export const tfServingSettings = {
  enableSerializationAsTensorContent: setting({
    property: 'enable_serialization_as_tensor_content',
    kind: toggle,
    default: false,
    doc: "Whether TensorFlow Serving's gRPC `Predict` always answers raw elements (`tensor_content`); otherwise only where the request had some, and typed lists (`float_val` …) else.",
  }),
  modelBasePath: setting({
    property: 'model_base_path',
    kind: path,
    default: '',
    defaultText: 'none',
    doc: "TensorFlow Serving's: a directory of version folders, of which the highest is served as `model_name` (by default `default`) and followed. Not looked at with `model_config_file`.",
  }),
  enableBatching: setting({
    property: 'enable_batching',
    kind: toggle,
    default: true,
    doc: 'Whether requests share engine calls; false is `default_max_batch_rows=1`.',
  }),
  batchingParametersFile: setting({
    property: 'batching_parameters_file',
    kind: path,
    default: '',
    defaultText: 'none',
    doc: "TensorFlow Serving's `BatchingParameters` in protobuf's text format: defaults for `default_max_batch_rows`, `default_max_batch_delay_ms` and `job_queue_size`.",
  }),
} as const
