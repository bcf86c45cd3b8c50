/** The oddities of TorchServe over gRPC: rows of the table in `quirks.ts`. */
export const GRPC_QUIRKS = {
  grpcPredictionErrors: {
    topic: 'gRPC `Predictions` of an unknown model, without a worker, with a full queue',
    strict: '`NOT_FOUND`, `UNAVAILABLE`, `RESOURCE_EXHAUSTED`',
    torchserve: '`INTERNAL`',
  },
  grpcTokens: {
    topic: 'gRPC call without a valid token',
    strict: '`UNAUTHENTICATED`',
    torchserve: '`PERMISSION_DENIED`',
  },
  grpcConflicts: {
    topic: 'gRPC status of a conflict: registered already, the default version in use',
    strict: '`ALREADY_EXISTS`, `FAILED_PRECONDITION`',
    torchserve: '`ABORTED`, `PERMISSION_DENIED`',
  },
} as const
