import { host, integer, toggle } from '../values.ts'
import { MAX_TIMER_MS, setting } from './setting.ts'

const port = integer(0, 65_535)
const age = integer(0, MAX_TIMER_MS, 'ms')

/** What is served over gRPC. Limits of size, time and connections are those of HTTP. */
export const grpcSettings = {
  enableGrpcApi: setting({
    property: 'enable_grpc_api',
    kind: toggle,
    default: true,
    doc: 'Whether gRPC is served, beside HTTP.',
  }),
  enableGrpcSsl: setting({
    property: 'enable_grpc_ssl',
    kind: toggle,
    default: false,
    doc: 'Whether gRPC is encrypted, with the certificate of the https addresses.',
  }),
  grpcInferenceAddress: setting({
    property: 'grpc_inference_address',
    kind: host,
    default: '127.0.0.1',
    doc: 'Host on which predictions are served over gRPC; loopback, so that nothing is exposed by accident.',
  }),
  grpcInferencePort: setting({
    property: 'grpc_inference_port',
    kind: port,
    default: 7070,
    doc: 'Port of predictions over gRPC; 0 is any free one.',
  }),
  grpcManagementAddress: setting({
    property: 'grpc_management_address',
    kind: host,
    default: '127.0.0.1',
    doc: 'Host on which models are managed over gRPC. Who reaches it can run code: keep it private.',
  }),
  grpcManagementPort: setting({
    property: 'grpc_management_port',
    kind: port,
    default: 7071,
    doc: 'Port of management over gRPC; 0 is any free one.',
  }),
  grpcInferenceMaxConnectionAgeMs: setting({
    property: 'grpc_inference_max_connection_age_ms',
    kind: age,
    default: 0,
    defaultText: '0 (never)',
    doc: 'After this age, give or take a tenth, a connection is closed gently, so that balancers spread clients anew.',
  }),
  grpcInferenceMaxConnectionAgeGraceMs: setting({
    property: 'grpc_inference_max_connection_age_grace_ms',
    kind: age,
    default: 0,
    defaultText: '0 (no limit)',
    doc: 'How long the calls of a connection that is too old may take to end before they are cut.',
  }),
  grpcManagementMaxConnectionAgeMs: setting({
    property: 'grpc_management_max_connection_age_ms',
    kind: age,
    default: 0,
    defaultText: '0 (never)',
    doc: 'The same for connections to the management service.',
  }),
  grpcManagementMaxConnectionAgeGraceMs: setting({
    property: 'grpc_management_max_connection_age_grace_ms',
    kind: age,
    default: 0,
    defaultText: '0 (no limit)',
    doc: 'The same for calls of the management service.',
  }),
} as const
