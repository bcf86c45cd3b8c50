import type { AppOptions, Mount } from '../../frontend/http/app.ts'
import type { HttpListener, HttpPolicy } from '../../frontend/http/listener.ts'
import type { GrpcListener } from '../../frontend/grpc/listener.ts'
import { OnePort } from '../../frontend/one-port.ts'
import { inferenceService } from '../../frontend/protocols/torchserve/grpc.ts'
import { quirksOf } from '../../frontend/protocols/torchserve/quirks.ts'
import { GrpcClient, INFERENCE } from './grpc-client.ts'
import { GrpcFixture } from './grpc-fixture.ts'
import { Http2Client } from './http2-client.ts'
import { HttpFixture } from './http-fixture.ts'

type Parts = {
  readonly http: HttpFixture
  readonly grpc: GrpcFixture
  readonly httpListener: HttpListener
  readonly grpcListener: GrpcListener
}

/** One port for a mount and TorchServe's gRPC service, with a fake plane behind it. `close` belongs in `afterEach`. */
export class OnePortFixture {
  readonly http: HttpFixture
  readonly grpc: GrpcFixture
  readonly #httpListener: HttpListener
  readonly #grpcListener: GrpcListener
  readonly #open: { close(): void }[] = []

  private constructor({ http, grpc, httpListener, grpcListener }: Parts) {
    this.http = http
    this.grpc = grpc
    this.#httpListener = httpListener
    this.#grpcListener = grpcListener
  }

  static async open(
    mount: Mount,
    policy: Partial<HttpPolicy> = {},
    options: Partial<AppOptions> = {},
  ): Promise<OnePortFixture> {
    const onePort = new OnePort()
    const [http, grpc] = [new HttpFixture(), new GrpcFixture()]
    const { dataPlane } = grpc
    const grpcListener = grpc.listener([inferenceService({ dataPlane, hasQuirk: quirksOf('strict') })], {
      options: { onOtherRequest: onePort.onOtherRequest },
    })
    const httpListener = await http.open(mount, { ...policy, onHttp2: onePort.onHttp2 }, options)
    onePort.join({ http: httpListener })
    onePort.join({ grpc: grpcListener })
    return new OnePortFixture({ http, grpc, httpListener, grpcListener })
  }

  get url(): string {
    return this.#httpListener.url
  }

  /** Of a connection of its own. */
  http2(): Http2Client {
    const client = new Http2Client(this.url, { rejectUnauthorized: false })
    this.#open.push({ close: () => void client.destroy() })
    return client
  }

  grpcClient(): GrpcClient {
    const client = new GrpcClient(new URL(this.url).host, INFERENCE)
    this.#open.push(client)
    return client
  }

  /** As the server closes: both at once. */
  async drain(timeoutMs: number): Promise<void> {
    await Promise.all([this.#httpListener.close(timeoutMs), this.#grpcListener.close(timeoutMs)])
  }

  async close(): Promise<void> {
    for (const each of this.#open) each.close()
    await this.drain(0)
  }
}
