/** What is served over gRPC. */
export const grpcSettings = {} as const
