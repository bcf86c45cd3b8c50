import { field, inPackage, merge, message, nested, repeated } from './message.ts'

/** The well-known types that the services use. */
const PROTOBUF = inPackage('google.protobuf', {
  Empty: message({}),
  Any: message({ type_url: field('string', 1), value: field('bytes', 2) }),
  Int64Value: message({ value: field('int64', 1) }),
  Duration: message({ seconds: field('int64', 1), nanos: field('int32', 2) }),
})

/**
 * The standard error model of gRPC.
 *
 * @see https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto
 */
const RPC = inPackage('google.rpc', {
  Status: message({
    code: field('int32', 1),
    message: field('string', 2),
    details: repeated('google.protobuf.Any', 3),
  }),
  ErrorInfo: message({
    reason: field('string', 1),
    domain: field('string', 2),
  }),
  RetryInfo: message({ retry_delay: nested('google.protobuf.Duration', 1) }),
})

export const GOOGLE = merge(PROTOBUF, RPC)
