import { integer, toggle } from '../values.ts'
import { setting } from './setting.ts'

const port = integer(0, 65_535)

/** Ports where the clients of other servers look, beside the addresses above: same hosts, same routes, same rules. */
export const portsSettings = {
  tritonPorts: setting({
    property: 'triton_ports',
    kind: toggle,
    default: false,
    doc: "Whether inference, gRPC and metrics also answer on Triton's ports, on the hosts of their own addresses.",
  }),
  tritonHttpPort: setting({
    property: 'triton_http_port',
    kind: port,
    default: 8000,
    doc: 'Port of inference over HTTP with `triton_ports`; 0 is any free one.',
  }),
  tritonGrpcPort: setting({
    property: 'triton_grpc_port',
    kind: port,
    default: 8001,
    doc: 'Port of inference over gRPC with `triton_ports`; 0 is any free one.',
  }),
  tritonMetricsPort: setting({
    property: 'triton_metrics_port',
    kind: port,
    default: 8002,
    doc: 'Port of metrics with `triton_ports`; 0 is any free one.',
  }),
  tfservingPorts: setting({
    property: 'tfserving_ports',
    kind: toggle,
    default: false,
    doc: "Whether inference and gRPC also answer on TensorFlow Serving's ports, on the hosts of their own addresses.",
  }),
  tfservingGrpcPort: setting({
    property: 'tfserving_grpc_port',
    kind: port,
    default: 8500,
    doc: 'Port of inference over gRPC with `tfserving_ports`; 0 is any free one.',
  }),
  tfservingRestPort: setting({
    property: 'tfserving_rest_port',
    kind: port,
    default: 8501,
    doc: 'Port of inference over HTTP with `tfserving_ports`; 0 is any free one.',
  }),
} as const
