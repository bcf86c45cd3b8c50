import type { GrpcAssertion } from './grpc-assertion.ts'
import { GRPC_EXTENSION_ASSERTIONS } from './grpc-extension-assertions.ts'
import { GRPC_MESSAGE_ASSERTIONS } from './grpc-message-assertions.ts'
import { GRPC_ROUTE_ASSERTIONS } from './grpc-route-assertions.ts'
import { GRPC_TENSOR_ASSERTIONS } from './grpc-tensor-assertions.ts'
import { GRPC_TRANSPORT_ASSERTIONS } from './grpc-transport-assertions.ts'

/** The hundred assertions over gRPC, but for those that are about HTTP. */
export const GRPC_ASSERTIONS: readonly GrpcAssertion[] = [
  ...GRPC_ROUTE_ASSERTIONS,
  ...GRPC_MESSAGE_ASSERTIONS,
  ...GRPC_TENSOR_ASSERTIONS,
  ...GRPC_TRANSPORT_ASSERTIONS,
  ...GRPC_EXTENSION_ASSERTIONS,
]
