import { oipPartsOf, type OipParts } from '../../frontend/compose-oip.ts'
import { EventBus } from '../../frontend/core/events.ts'
import { httpTransport } from '../../frontend/http/transport.ts'
import { createLogger } from '../../frontend/observability/logger.ts'
import { mountDialects } from '../../frontend/protocols/kernel/dialect.ts'
import { renderError } from '../../frontend/protocols/oip/errors.ts'
import { extensionsDialect } from '../../frontend/protocols/oip/extension-routes.ts'
import { FakeControlPlane, FakeDataPlane } from './fake-planes.ts'
import { HttpFixture } from './http-fixture.ts'
import { MemorySink } from './memory-sink.ts'

export type JsonReply = { readonly status: number; readonly headers: Headers; readonly body: unknown }

/** The extensions over real HTTP, with fake planes behind them. `close` belongs in `afterEach`. */
export class ExtensionsFixture {
  readonly http = new HttpFixture()
  readonly dataPlane = new FakeDataPlane()
  readonly controlPlane = new FakeControlPlane()
  readonly events = new EventBus()
  readonly log = new MemorySink()
  readonly oip: OipParts
  url = ''

  private constructor(traceFile: string) {
    const logger = createLogger({ logLevel: 'info', logFormat: 'json' }, this.log)
    this.oip = oipPartsOf(
      { traceFile, httpHeaderForwardPattern: '', grpcHeaderForwardPattern: '' },
      this,
      logger,
    )
  }

  static async open(traceFile = ''): Promise<ExtensionsFixture> {
    const fixture = new ExtensionsFixture(traceFile)
    const { oip, http, dataPlane, controlPlane } = fixture
    const planes = { dataPlane, controlPlane, maxRequestBytes: 100_000, nonFinite: 'string' } as const
    const mount = mountDialects([extensionsDialect({ transport: httpTransport, ...planes, ...oip })], {
      transport: httpTransport,
      serverVersion: '1.2.3',
      title: 'extensions',
      hasNoIndex: false,
      scope: 'inference',
      open: new Set(),
    })
    fixture.url = (await http.open(mount, {}, { renderError })).url
    return fixture
  }

  /** A JSON body, or a text as it is. */
  async ask(method: string, path: string, body?: unknown): Promise<JsonReply> {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const response = await fetch(`${this.url}${path}`, {
      method,
      ...(body === undefined ? {} : { body: text }),
    })
    const answer = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      body: answer === '' ? '' : JSON.parse(answer),
    }
  }

  async close(): Promise<void> {
    await this.http.closeAll()
    await this.oip.close()
  }
}
