import { everywhere } from './kserve-flags.ts'
import type { TranslatedFlag } from './torchserve-flags.ts'

/** Flags of `tensorflow_model_server` that have no namesake among our own. */
export const TFSERVING_FLAGS: readonly TranslatedFlag[] = [
  {
    flags: '--model-base-path <path>',
    doc: "TensorFlow Serving's: directory with the versions of one model; same as --model-paths",
    option: 'modelBasePath',
    property: 'model_paths',
  },
  {
    flags: '--rest-api-port <port>',
    doc: "TensorFlow Serving's: same as --inference-address http://0.0.0.0:<port>",
    option: 'restApiPort',
    property: 'inference_address',
    format: everywhere,
  },
  {
    flags: '--port <port>',
    doc: "TensorFlow Serving's: same as --grpc-inference-address 0.0.0.0 --grpc-inference-port <port>",
    option: 'port',
    property: 'grpc_inference_port',
    also: [{ property: 'grpc_inference_address', text: '0.0.0.0' }],
  },
  {
    flags: '--file-system-poll-wait-seconds <seconds>',
    doc: "TensorFlow Serving's: same as --repository-poll-ms, in seconds",
    option: 'fileSystemPollWaitSeconds',
    property: 'repository_poll_secs',
  },
  {
    flags: '--enable-batching [value]',
    doc: "TensorFlow Serving's: accepted, since requests are always put into batches",
    option: 'enableBatching',
    property: 'enable_batching',
    format: (value) => value || 'true',
  },
]
