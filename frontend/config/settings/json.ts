import { choice } from '../values.ts'
import { setting } from './setting.ts'

/** How JSON answers are written, in the dialects that have tensors in them. */
export const jsonSettings = {
  jsonNonFinite: setting({
    property: 'json_non_finite',
    kind: choice('string', 'null', 'token'),
    default: 'string',
    doc: 'How V2 and TensorFlow Serving answers write NaN and infinities in JSON, which has none: `"NaN"`, `null`, or the bare `NaN` that only some readers take.',
  }),
} as const
