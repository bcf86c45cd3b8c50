import type { CallRecord } from '../../frontend/grpc/call-state.ts'
import { GrpcListener, type GrpcOptions, type GrpcPolicy } from '../../frontend/grpc/listener.ts'
import type { GrpcService } from '../../frontend/grpc/service.ts'
import { listenError } from '../../frontend/http/listen-error.ts'
import { requestIdFrom } from '../../frontend/http/request-id.ts'
import { healthSource } from '../../frontend/protocols/torchserve/grpc-health.ts'
import { inferenceService, managementService } from '../../frontend/protocols/torchserve/grpc.ts'
import { quirksOf, type Compatibility } from '../../frontend/protocols/torchserve/quirks.ts'
import type { ServingError } from '../../worker/contract/errors.ts'
import { FakeControlPlane, FakeDataPlane } from './fake-planes.ts'
import { GrpcClient, INFERENCE, MANAGEMENT } from './grpc-client.ts'

export const GRPC_POLICY: GrpcPolicy = {
  maxRequestBytes: 100_000,
  requestTimeoutMs: 5000,
  maxConnections: 1000,
  maxConnectionAgeMs: 0,
  maxConnectionAgeGraceMs: 0,
}

export type FixtureOptions = {
  readonly compatibility?: Compatibility
  readonly policy?: Partial<GrpcPolicy> | undefined
  readonly options?: Partial<GrpcOptions> | undefined
}

/** The TorchServe dialect over real gRPC, with fake planes behind it. `close` belongs in `afterEach`. */
export class GrpcFixture {
  readonly dataPlane = new FakeDataPlane()
  readonly controlPlane = new FakeControlPlane()
  readonly failures: { readonly error: ServingError; readonly requestId: string }[] = []
  readonly calls: CallRecord[] = []
  readonly listeners: GrpcListener[] = []
  readonly targets: string[] = []
  readonly #clients: GrpcClient[] = []

  static async open({
    compatibility = 'strict',
    policy,
    options,
  }: FixtureOptions = {}): Promise<GrpcFixture> {
    const fixture = new GrpcFixture()
    const { dataPlane, controlPlane } = fixture
    const hasQuirk = quirksOf(compatibility)
    for (const service of [
      inferenceService({ dataPlane, hasQuirk }),
      managementService({ dataPlane, controlPlane, hasQuirk }),
    ]) {
      const listener = fixture.listener([service], { policy, options })
      fixture.listeners.push(listener)
      fixture.targets.push(await listener.listen({ host: '127.0.0.1', port: 0 }, 'grpc_test_port'))
    }
    return fixture
  }

  /** With these services instead, on one listener. */
  static async serving(services: (fixture: GrpcFixture) => readonly GrpcService[]): Promise<GrpcFixture> {
    const fixture = new GrpcFixture()
    const listener = fixture.listener(services(fixture))
    fixture.listeners.push(listener)
    fixture.targets.push(await listener.listen({ host: '127.0.0.1', port: 0 }, 'grpc_test_port'))
    return fixture
  }

  /** A listener that does not listen yet, and is not closed by `close`. */
  listener(
    services: readonly GrpcService[] = [],
    { policy, options }: Pick<FixtureOptions, 'policy' | 'options'> = {},
  ): GrpcListener {
    return new GrpcListener(
      {
        services,
        health: healthSource(
          this.dataPlane,
          services.map(({ name }) => name),
        ),
        requestIdFrom,
        listenError,
        authorize: () => ({}),
        report: (error, requestId) => this.failures.push({ error, requestId }),
        onAccess: (record) => this.calls.push(record),
        ...options,
      },
      { ...GRPC_POLICY, ...policy },
    )
  }

  get inference(): GrpcClient {
    return this.client(INFERENCE)
  }

  get management(): GrpcClient {
    return this.client(MANAGEMENT)
  }

  /** A client of any service that the inference listener has; the management service is on its own. */
  client(service: string): GrpcClient {
    const client = new GrpcClient(this.targets[service === MANAGEMENT ? 1 : 0] ?? '', service)
    this.#clients.push(client)
    return client
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close()
    await Promise.all(this.listeners.map((listener) => listener.close(0)))
  }
}
