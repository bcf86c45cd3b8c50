import { rm } from 'node:fs/promises'
import { oipPartsOf } from '../../frontend/compose-oip.ts'
import { Security } from '../../frontend/compose-security.ts'
import { loadConfig } from '../../frontend/config/load.ts'
import type { SettingKey } from '../../frontend/config/schema.ts'
import { EventBus } from '../../frontend/core/events.ts'
import { listen, listenersOf, type HttpListeners } from '../../frontend/listeners.ts'
import { createLogger } from '../../frontend/observability/logger.ts'
import { quirksOf } from '../../frontend/protocols/torchserve/quirks.ts'
import { FakeControlPlane, FakeDataPlane } from './fake-planes.ts'
import { temporaryDirectory } from './server-process.ts'

export type SecuredOptions = {
  /** Besides the addresses, which are loopback with a free port each. */
  readonly flags?: Readonly<Partial<Record<SettingKey, string>>>
  readonly environment?: Readonly<Record<string, string>>
}

/** The server's own listeners, made from settings, with fake planes behind them. `close` belongs in `afterEach`. */
export class SecuredFixture {
  readonly dataPlane: FakeDataPlane
  readonly controlPlane: FakeControlPlane
  readonly directory: string
  readonly security: Security
  readonly lines: readonly string[]
  urls: { readonly inference: string; readonly management: string; readonly metrics: string } = {
    inference: '',
    management: '',
    metrics: '',
  }
  readonly #listeners: HttpListeners

  private constructor(directory: string, { flags = {}, environment = {} }: SecuredOptions) {
    const addresses = {
      inferenceAddress: 'http://127.0.0.1:0',
      managementAddress: 'http://127.0.0.1:0',
      metricsAddress: 'http://127.0.0.1:0',
    }
    const { config } = loadConfig(
      { flags: { ...addresses, ...flags }, environment, workingDirectory: directory },
      quirksOf,
    )
    const lines: string[] = []
    const sink = {
      write: (line: string) => lines.push(line),
      flush: (done: () => void) => void done(),
      destroy: () => undefined,
    }
    const logger = createLogger({ logLevel: 'debug', logFormat: 'json' }, sink)
    const hasQuirk = quirksOf(config.compatibility)
    this.directory = directory
    this.lines = lines
    this.dataPlane = new FakeDataPlane()
    this.controlPlane = new FakeControlPlane()
    this.security = new Security({ config, environment, logger, hasQuirk })
    const metrics = {
      render: () => Promise.resolve({ contentType: 'text/plain', body: 'up 1\n' }),
      countResponse: () => undefined,
    }
    const { dataPlane, controlPlane, security } = this
    const oip = oipPartsOf(config, { events: new EventBus(), dataPlane }, logger)
    this.#listeners = listenersOf(config, { dataPlane, controlPlane }, { logger, metrics, security, oip })
    this.#listen = () => listen(config, this.#listeners, security)
  }

  readonly #listen: () => ReturnType<typeof listen>

  /** @throws what the server would refuse to start for */
  static async open(options: SecuredOptions = {}, directory?: string): Promise<SecuredFixture> {
    const fixture = new SecuredFixture(directory ?? (await temporaryDirectory()), options)
    try {
      fixture.urls = { metrics: '', ...(await fixture.#listen()) }
      fixture.security.authorization.publishKeys()
    } catch (error) {
      await fixture.close()
      throw error
    }
    return fixture
  }

  async close(): Promise<void> {
    this.security.close()
    await Promise.all(Object.values(this.#listeners).map((listener) => listener.close(0)))
    await rm(this.directory, { recursive: true, force: true })
  }
}
