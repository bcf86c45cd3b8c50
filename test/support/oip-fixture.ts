import { httpTransport } from '../../frontend/http/transport.ts'
import { mountDialects } from '../../frontend/protocols/kernel/dialect.ts'
import { renderError } from '../../frontend/protocols/oip/errors.ts'
import { parameterReader } from '../../frontend/protocols/oip/request-parameters.ts'
import { oipDialect, type OipOptions } from '../../frontend/protocols/oip/routes.ts'
import { http, type HttpAnswer, type HttpCall } from './http-client.ts'
import { FakeDataPlane } from './fake-planes.ts'
import { HttpFixture } from './http-fixture.ts'

/** The Open Inference Protocol over real HTTP, with a fake data plane behind it. `close` belongs in `afterEach`. */
export class OipFixture {
  readonly http: HttpFixture
  readonly dataPlane: FakeDataPlane
  readonly url: string

  private constructor(http: HttpFixture, dataPlane: FakeDataPlane, url: string) {
    this.http = http
    this.dataPlane = dataPlane
    this.url = url
  }

  static async open(options: Partial<OipOptions> = {}): Promise<OipFixture> {
    const http = new HttpFixture()
    const dataPlane = new FakeDataPlane()
    const dialect = oipDialect({
      dataPlane,
      transport: httpTransport,
      serverVersion: '1.2.3',
      nonFinite: 'string',
      readParameters: parameterReader(),
      ...options,
    })
    const mount = mountDialects([dialect], {
      transport: httpTransport,
      serverVersion: '1.2.3',
      title: 'OnnxServe inference API',
      hasNoIndex: false,
      scope: 'inference',
      open: new Set(),
    })
    const listener = await http.open(mount, {}, { renderError })
    return new OipFixture(http, dataPlane, listener.url)
  }

  get(path: string): Promise<HttpAnswer> {
    return http(`${this.url}${path}`)
  }

  post(path: string, value: unknown, call: HttpCall = {}): Promise<HttpAnswer> {
    return http(`${this.url}${path}`, { body: JSON.stringify(value), ...call })
  }

  /** A body of JSON and raw elements behind it. */
  postBinary(path: string, value: unknown, blocks: readonly Uint8Array[]): Promise<HttpAnswer> {
    const json = Buffer.from(JSON.stringify(value))
    return http(`${this.url}${path}`, {
      body: Buffer.concat([json, ...blocks]),
      headers: { 'inference-header-content-length': String(json.byteLength) },
    })
  }

  close(): Promise<void> {
    return this.http.closeAll()
  }
}
