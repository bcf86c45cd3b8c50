import { composeMetrics, type ComposedMetrics, type MetricsConfig } from '../../frontend/compose-metrics.ts'
import { EventBus } from '../../frontend/core/events.ts'
import { createLogger } from '../../frontend/observability/logger.ts'
import type { VersionReading } from '../../frontend/observability/version-gauges.ts'
import { quirksOf, type HasQuirk } from '../../frontend/protocols/torchserve/quirks.ts'

export const MODEL = { name: 'digits', version: '1.0' }

const CONFIG: MetricsConfig = {
  metricsMode: 'prometheus',
  metricsAliases: 'none',
  metricsConfig: '',
  modelMetricsAutoDetect: true,
  metricsLocation: '',
  maxModelMetrics: 10,
  maxMetricSeries: 3,
  disableSystemMetrics: true,
  systemMetricsIntervalMs: 60_000,
  modelStore: '.',
}

const READING: VersionReading = {
  model: MODEL,
  queuedRequests: 0,
  runningBatches: 0,
  serviceTime: { fixedMs: 4, perRowMs: 0.5 },
  workers: [{ state: 'ready', pid: 11, memoryBytes: 1 }],
  provider: { device: { provider: 'cpu', deviceId: 0 }, reason: 'no GPU' },
}

/** All of a server's metrics behind an event bus, and what they log. `close` belongs in `afterEach`. */
export class MetricsFixture {
  readonly events = new EventBus()
  readonly composed: ComposedMetrics
  /** Lines of JSON. */
  readonly logged: string[] = []

  constructor(config: Partial<MetricsConfig> = {}, hasQuirk: HasQuirk = quirksOf('strict')) {
    const sink = {
      write: (line: string) => this.logged.push(line),
      flush: (done: () => void) => {
        done()
      },
      destroy: () => undefined,
    }
    this.composed = composeMetrics(
      { ...CONFIG, ...config },
      {
        events: this.events,
        readVersions: () => [READING],
        readStatistics: () => [],
        logger: createLogger({ logLevel: 'info', logFormat: 'json' }, sink),
        hasQuirk,
      },
    )
    this.events.emit('stateChanged', { model: MODEL, from: 'new', to: 'loading' })
  }

  /** A worker loads, one request names its version, one does not, and each has an answer. */
  traffic(): void {
    const { events, composed } = this
    const timing = { preprocessMs: 1, inferenceMs: 3, postprocessMs: 0.5, rows: 1, runs: 1 }
    events.emit('workerReady', { model: MODEL, pid: 11, threadId: 2, loadMs: 70, warmUpMs: 3 })
    for (const byDefault of [true, false]) {
      const requestId = byDefault ? 'a' : 'b'
      events.emit('batchFinished', {
        model: MODEL,
        requests: 1,
        workerMs: 6,
        timing,
        closedBy: 'idle_worker',
      })
      events.emit('requestFinished', { model: MODEL, requestId, totalMs: 8, queueMs: 2, byDefault })
      composed.countResponse({ status: 200, requestBytes: 10, responseBytes: 20 })
    }
    composed.countResponse({ status: 404, requestBytes: 0, responseBytes: 20 })
  }

  async text(...names: readonly string[]): Promise<string> {
    const { body } = await this.composed.render({ names, accept: undefined })
    return String(body)
  }

  close(): Promise<void> {
    return this.composed.close()
  }
}
