import { TFS_GRPC_RAW, TFS_GRPC_TYPED, TORCHSERVE_GRPC, V2_GRPC_RAW, V2_GRPC_TYPED } from './grpc-wires.ts'
import { clientWire, PREDICTIONS, TFS_COLUMNS, TFS_ROWS, V2_BINARY, V2_JSON } from './http-wires.ts'
import type { Wire } from './wire.ts'

/** Every way to ask for an inference: all dialects, both transports, all forms of a body. */
export const WIRES: readonly Wire[] = [
  PREDICTIONS,
  TORCHSERVE_GRPC,
  V2_JSON,
  V2_BINARY,
  V2_GRPC_RAW,
  V2_GRPC_TYPED,
  TFS_ROWS,
  TFS_COLUMNS,
  TFS_GRPC_TYPED,
  TFS_GRPC_RAW,
  clientWire('binary'),
  clientWire('json'),
]
