import { httpTransport } from '../../frontend/http/transport.ts'
import { errorRenderer, combinedMount } from '../../frontend/protocols/torchserve/routes.ts'
import { quirksOf, type Compatibility } from '../../frontend/protocols/torchserve/quirks.ts'
import type { AccessCheck } from '../../frontend/protocols/kernel/access.ts'
import { FakeControlPlane, FakeDataPlane } from './fake-planes.ts'
import { HttpFixture } from './http-fixture.ts'

export type Reply = { readonly status: number; readonly headers: Headers; readonly text: string }

/** The TorchServe dialect over real HTTP, with fake planes behind it. `close` belongs in `afterEach`. */
export class TorchServeFixture {
  readonly http = new HttpFixture()
  readonly dataPlane = new FakeDataPlane()
  readonly controlPlane = new FakeControlPlane()
  readonly inferenceUrl: string
  readonly managementUrl: string
  readonly metricsUrl: string

  private constructor(
    http: HttpFixture,
    planes: readonly [FakeDataPlane, FakeControlPlane],
    urls: readonly string[],
  ) {
    this.http = http
    ;[this.dataPlane, this.controlPlane] = planes
    const [inferenceUrl = '', managementUrl = '', metricsUrl = ''] = urls
    this.inferenceUrl = inferenceUrl
    this.managementUrl = managementUrl
    this.metricsUrl = metricsUrl
  }

  /** @param access absent: nobody needs a token */
  static async open(
    compatibility: Compatibility = 'strict',
    access?: AccessCheck,
  ): Promise<TorchServeFixture> {
    const http = new HttpFixture()
    const dataPlane = new FakeDataPlane()
    const controlPlane = new FakeControlPlane()
    const hasQuirk = quirksOf(compatibility)
    const dialect = { transport: httpTransport, serverVersion: '1.2.3', hasQuirk, access }
    const renderMetrics = () => Promise.resolve({ contentType: 'text/plain; version=0.0.4', body: 'up 1\n' })
    const mounts = [
      combinedMount({ inference: { dataPlane, maxRequestBytes: 100_000, ...dialect } }),
      combinedMount({
        management: { dataPlane, controlPlane, renewKey: () => ({ key: 'new' }), ...dialect },
      }),
      combinedMount({ metrics: { ...dialect, renderMetrics } }),
    ]
    const listeners = await Promise.all(
      mounts.map((mount) => http.open(mount, {}, { renderError: errorRenderer(hasQuirk) })),
    )
    return new TorchServeFixture(
      http,
      [dataPlane, controlPlane],
      listeners.map(({ url }) => url),
    )
  }

  infer(path: string, init: RequestInit = {}): Promise<Reply> {
    return request(`${this.inferenceUrl}${path}`, { method: 'POST', ...init })
  }

  manage(method: string, path: string, init: RequestInit = {}): Promise<Reply> {
    return request(`${this.managementUrl}${path}`, { method, ...init })
  }

  close(): Promise<void> {
    return this.http.closeAll()
  }
}

export async function request(url: string, init: RequestInit): Promise<Reply> {
  const response = await fetch(url, init)
  return { status: response.status, headers: response.headers, text: await response.text() }
}
