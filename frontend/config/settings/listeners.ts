import { listenAddress } from '../values.ts'
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
} as const
