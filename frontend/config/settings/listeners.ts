import { listenAddress, toggle } from '../values.ts'
import { setting } from './setting.ts'

/** Where the server listens. */
export const listenersSettings = {
  inferenceAddress: setting({
    property: 'inference_address',
    kind: listenAddress({ http: 80, https: 443 }),
    default: { host: '127.0.0.1', port: 8080 },
    doc: 'Where predictions are served; loopback, so that nothing is exposed by accident.',
  }),
  managementAddress: setting({
    property: 'management_address',
    kind: listenAddress({ http: 8081, https: 8444 }),
    default: { host: '127.0.0.1', port: 8081 },
    doc: 'Where models are registered and scaled. Who reaches it can run code: keep it private.',
  }),
  metricsAddress: setting({
    property: 'metrics_address',
    kind: listenAddress({ http: 8082, https: 8445 }),
    default: { host: '127.0.0.1', port: 8082 },
    doc: 'Where Prometheus scrapes, so that scraping never competes with predictions for connections.',
  }),
  onePort: setting({
    property: 'one_port',
    kind: toggle,
    default: false,
    doc: 'Whether the inference address speaks HTTP/1.1, HTTP/2 and gRPC on its one port, as Knative and gateways need it; predictions then have no gRPC port of their own.',
  }),
} as const
