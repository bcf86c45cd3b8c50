import { hostname } from 'node:os'
import { formatModelId } from '../worker/contract/model-id.ts'
import { metricLogOf, readDefinitions, type MetricFiles } from './metric-files.ts'
import type { Config } from './config/schema.ts'
import type { EventBus } from './core/events.ts'
import { metricsEndpoint, type MetricSource } from './observability/endpoint.ts'
import { HandlerMetrics } from './observability/handler-metrics.ts'
import type { ResponseFacts } from './observability/http-metrics.ts'
import type { Logger } from './observability/logger.ts'
import { Metrics } from './observability/metrics.ts'
import { processMetrics } from './observability/process-metrics.ts'
import type { GpuReading } from './observability/system/gpu.ts'
import { gpuMetrics, tritonGpuMetrics } from './observability/system/gpu-metrics.ts'
import { SystemMonitor } from './observability/system/system-monitor.ts'
import { SystemReader } from './observability/system/system-reading.ts'
import { LEGACY_NAMES, TS_NAMES } from './observability/torchserve/ts-metrics.ts'
import { TsSource } from './observability/torchserve/ts-source.ts'
import { tritonMetrics, type StatisticsReading } from './observability/triton-metrics.ts'
import type { VersionReading } from './observability/version-gauges.ts'
import type { RenderMetrics } from './protocols/torchserve/metrics.ts'
import type { HasQuirk } from './protocols/torchserve/quirks.ts'

export type MetricsConfig = Pick<
  Config,
  | 'metricsMode'
  | 'metricsAliases'
  | 'metricsConfig'
  | 'modelMetricsAutoDetect'
  | 'metricsLocation'
  | 'maxModelMetrics'
  | 'maxMetricSeries'
  | 'disableSystemMetrics'
  | 'systemMetricsIntervalMs'
  | 'modelStore'
>

export type MetricsParts = {
  readonly events: EventBus
  readonly readVersions: () => readonly VersionReading[]
  readonly readStatistics: () => readonly StatisticsReading[]
  readonly logger: Logger
  readonly hasQuirk: HasQuirk
}

export type ComposedMetrics = {
  readonly countResponse: (facts: ResponseFacts) => void
  readonly render: RenderMetrics
  /** Begins to measure the machine; resolves after the first reading. */
  readonly start: () => Promise<void>
  /** Measures the machine no more, and writes what is left to write. */
  readonly close: () => Promise<void>
}

/** The sources of one server's metrics. */
type Sources = { readonly metrics: Metrics; readonly handlers: HandlerMetrics; readonly ts: TsSource }

/**
 * Everything that measures the server, and what shows it: the endpoint, or the log.
 *
 * @throws ServingError `invalid_argument` when the definition file is wrong or unreadable.
 */
export function composeMetrics(config: MetricsConfig, parts: MetricsParts): ComposedMetrics {
  const { events, hasQuirk, readVersions } = parts
  const definitions = readDefinitions(config.metricsConfig)
  const metrics = new Metrics(events)
  const files = metricLogOf(config, { ...parts, definitions: definitions?.ts })
  const monitor = monitorOf(config, files)
  const host = { events, hostname: hostname() }
  const handlers = handlerMetricsOf(config, parts, { definitions: definitions?.models ?? new Map(), files })
  const ts = new TsSource({
    ...host,
    metrics,
    ...(definitions === undefined ? {} : { definitions: definitions.ts }),
    readSystem: () => monitor?.reading,
  })
  const sources = [
    ...sourcesOf(config.metricsMode, { metrics, handlers, ts }, readVersions),
    ...gpuSourcesOf(config, () => monitor?.reading?.gpus ?? []),
    ...aliasesOf(config, parts),
  ]
  const quirks = { trailingComma: true, decimals: true, genericHelp: true }
  return {
    countResponse: (facts) => {
      metrics.countResponse(facts)
      files?.log.response(facts)
    },
    render: metricsEndpoint({ sources, ...(hasQuirk('metricsText') ? { quirks } : {}) }),
    start: async () => {
      await monitor?.start()
    },
    close: async () => {
      monitor?.stop()
      await files?.close()
    },
  }
}

function sourcesOf(
  mode: Config['metricsMode'],
  { metrics, handlers, ts }: Sources,
  readVersions: () => readonly VersionReading[],
): MetricSource[] {
  switch (mode) {
    case 'log':
      return []
    case 'legacy':
      return [() => ts.collect(readVersions(), LEGACY_NAMES)]
    case 'prometheus':
      return [
        () => {
          const versions = readVersions()
          return [...metrics.collect(versions), ...ts.collect(versions), ...handlers.collect()]
        },
        processMetrics(),
      ]
  }
}

/** Under our names, and under those of the aliases; nothing where metrics go to a log. */
function gpuSourcesOf(
  { metricsMode, metricsAliases }: MetricsConfig,
  readGpus: () => readonly GpuReading[],
): MetricSource[] {
  if (metricsMode !== 'prometheus') return []
  const own = () => gpuMetrics(readGpus())
  return metricsAliases === 'none' ? [own] : [own, () => tritonGpuMetrics(readGpus())]
}

/** Nothing where metrics go to a log. */
function aliasesOf(
  { metricsMode, metricsAliases }: MetricsConfig,
  { readStatistics }: MetricsParts,
): MetricSource[] {
  if (metricsMode !== 'prometheus' || metricsAliases === 'none') return []
  return [() => tritonMetrics(readStatistics())]
}

function monitorOf(config: MetricsConfig, files: MetricFiles | undefined): SystemMonitor | undefined {
  if (config.disableSystemMetrics) return undefined
  const reader = new SystemReader(config.modelStore)
  return new SystemMonitor({
    read: () => reader.read(),
    intervalMs: config.systemMetricsIntervalMs,
    onReading: (reading) => files?.log.system(reading),
  })
}

/** Names under which the server's own metrics appear. */
const OWN_NAMES = /^(onnxserve|process|nodejs|nv_inference|nv_model|nv_gpu)_/

function handlerMetricsOf(
  config: MetricsConfig,
  { events, logger }: MetricsParts,
  {
    definitions,
    files,
  }: Pick<ConstructorParameters<typeof HandlerMetrics>[0], 'definitions'> & {
    readonly files: MetricFiles | undefined
  },
): HandlerMetrics {
  return new HandlerMetrics({
    events,
    hostname: hostname(),
    maxMetrics: config.maxModelMetrics,
    maxSeries: config.maxMetricSeries,
    definitions,
    autoDetect: config.modelMetricsAutoDetect,
    isTaken: (name) => OWN_NAMES.test(name) || TS_NAMES.some((each) => each === name),
    onSample: (sample) => files?.log.sample(sample),
    onDropped: ({ model, metric, reason }) => {
      logger.log('warn', 'a metric of the handler is not shown; more of this reason are only counted', {
        model: formatModelId(model),
        metric,
        reason,
      })
    },
  })
}
