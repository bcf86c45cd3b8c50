import { everywhere } from './kserve-flags.ts'
import { TFSERVING_WITHOUT_MEANING } from './tfserving-without-meaning.ts'
import type { TranslatedFlag } from './torchserve-flags.ts'

/**
 * Flags of TensorFlow Serving that have no namesake among our own. A port there is one of the container, hence of all
 * its addresses, and 0 is none.
 */
const TRANSLATED: readonly TranslatedFlag[] = [
  {
    flags: '--port <port>',
    doc: "TensorFlow Serving's: same as --grpc-inference-address 0.0.0.0 --grpc-inference-port <port>; 0: no gRPC",
    option: 'port',
    property: 'grpc_inference_port',
    says: (port) =>
      isZero(port)
        ? [{ property: 'enable_grpc_api', text: 'false' }]
        : [
            { property: 'grpc_inference_port', text: port },
            { property: 'grpc_inference_address', text: '0.0.0.0' },
          ],
  },
  {
    flags: '--rest-api-port <port>',
    doc: "TensorFlow Serving's: same as --inference-address http://0.0.0.0:<port>",
    option: 'restApiPort',
    property: 'inference_address',
    says: (port) =>
      isZero(port)
        ? [{ property: 'rest_api_port', text: port }]
        : [{ property: 'inference_address', text: everywhere(port) }],
  },
  {
    flags: '--rest-api-enable-cors-support [value]',
    doc: "TensorFlow Serving's: same as --cors-allowed-origin '*'",
    option: 'restApiEnableCorsSupport',
    property: 'cors_allowed_origin',
    says: (value) =>
      value.toLowerCase() === 'true'
        ? [{ property: 'cors_allowed_origin', text: '*' }]
        : [{ property: 'rest_api_enable_cors_support', text: value }],
  },
  {
    flags: '--rest-api-timeout-in-ms <ms>',
    doc: "TensorFlow Serving's: same as --inference-timeout-ms",
    option: 'restApiTimeoutInMs',
    property: 'inference_timeout_ms',
  },
  {
    flags: '--file-system-poll-wait-seconds <seconds>',
    doc: "TensorFlow Serving's: same as --repository-poll-ms, in seconds",
    option: 'fileSystemPollWaitSeconds',
    property: 'repository_poll_secs',
  },
  {
    flags: '--model-config-file-poll-wait-seconds <seconds>',
    doc: "TensorFlow Serving's: same as --model-config-file-poll-ms, in seconds",
    option: 'modelConfigFilePollWaitSeconds',
    property: 'model_config_file_poll_wait_seconds',
  },
]

const PARTLY_TRANSLATED = ['rest_api_port', 'rest_api_enable_cors_support']

const WITHOUT_MEANING = Object.entries(TFSERVING_WITHOUT_MEANING)
  .filter(([name]) => !PARTLY_TRANSLATED.includes(name))
  .map(([property, { why }]): TranslatedFlag => ({
    flags: `--${property.replaceAll('_', '-')} [value]`,
    doc: `TensorFlow Serving's: ${why}`,
    option: property.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
    property,
    isHidden: true,
  }))

export const TFSERVING_FLAGS: readonly TranslatedFlag[] = [...TRANSLATED, ...WITHOUT_MEANING]

function isZero(port: string): boolean {
  return /^0+$/.test(port)
}
