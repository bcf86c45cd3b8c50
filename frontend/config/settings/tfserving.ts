import { toggle } from '../values.ts'
import { setting } from './setting.ts'

/** How TensorFlow Serving's dialect behaves. */
export const tfServingSettings = {
  enableSerializationAsTensorContent: setting({
    property: 'enable_serialization_as_tensor_content',
    kind: toggle,
    default: false,
    doc: "Whether TensorFlow Serving's gRPC `Predict` always answers raw elements (`tensor_content`); otherwise only where the request had some, and typed lists (`float_val` …) else.",
  }),
} as const
