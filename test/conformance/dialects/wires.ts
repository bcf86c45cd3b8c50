import { TORCHSERVE_GRPC, V2_GRPC_RAW, V2_GRPC_TYPED } from './grpc-wires.ts'
import { clientWire, PREDICTIONS, V2_BINARY, V2_JSON } from './http-wires.ts'
import type { Wire } from './wire.ts'

/** Every way to ask for an inference: all dialects, both transports, all forms of a body. */
export const WIRES: readonly Wire[] = [
  PREDICTIONS,
  TORCHSERVE_GRPC,
  V2_JSON,
  V2_BINARY,
  V2_GRPC_RAW,
  V2_GRPC_TYPED,
  clientWire('binary'),
  clientWire('json'),
]
