import type { TranslatedFlag } from './torchserve-flags.ts'

/** The address of a port of a container. */
export const everywhere = (port: string) => `http://0.0.0.0:${port}`

/**
 * Flags of KServe's own servers: what a ServingRuntime's arguments may say to any of them. A port there is one of the
 * container, hence of all its addresses.
 */
export const KSERVE_FLAGS: readonly TranslatedFlag[] = [
  {
    flags: '--model-dir <path>',
    doc: "KServe's: models to serve from where they lie; same as --model-paths",
    option: 'modelDir',
    property: 'model_paths',
  },
  {
    flags: '--http-port <port>',
    doc: "KServe's: same as --inference-address http://0.0.0.0:<port>",
    option: 'httpPort',
    property: 'inference_address',
    format: everywhere,
  },
  {
    flags: '--grpc-port <port>',
    doc: "KServe's: same as --grpc-inference-address 0.0.0.0 --grpc-inference-port <port>",
    option: 'grpcPort',
    property: 'grpc_inference_port',
    also: [{ property: 'grpc_inference_address', text: '0.0.0.0' }],
  },
  {
    flags: '--version <version>',
    doc: 'same as --model-version, behind a command',
    option: 'version',
    property: 'model_version',
  },
]
