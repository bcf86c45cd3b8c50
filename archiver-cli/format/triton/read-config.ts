import { readTextProto } from '../text-proto/read-message.ts'
import { tritonConfigSchema, type TritonConfig } from './model-config-schema.ts'

/**
 * Reads a `config.pbtxt`.
 *
 * @param what names it in errors
 * @throws ServingError `invalid_argument` (reason `text_proto`) with line and column
 */
export function readTritonConfig(text: string, what: string): TritonConfig {
  return readTextProto(text, tritonConfigSchema, what)
}
