import type { MetricSample } from '../../worker/contract/messages.ts'
import { formatModelId, type ModelId } from '../../worker/contract/model-id.ts'
import type { EventBus } from '../core/events.ts'
import type { Labels, MetricFamily } from './exposition/family.ts'
import { labelsOf, metricNameOf } from './handler-metric-names.ts'
import { HandlerMetric } from './handler-metric.ts'
import { ValueMetric } from './instruments/metric.ts'
import type { TsMetric } from './torchserve/ts-metrics.ts'

/** Why a sample of a handler is not shown. */
export type DropReason =
  | 'undefined_metric'
  | 'bad_name'
  | 'bad_labels'
  | 'bad_value'
  | 'name_taken'
  | 'kind_conflict'
  | 'too_many_metrics'
  | 'too_many_series'

export type HandlerMetricsOptions = {
  readonly events: EventBus
  readonly hostname: string
  /** Metrics of one version; further ones are dropped. */
  readonly maxMetrics: number
  /** Label combinations of one metric of one version; further ones are dropped. */
  readonly maxSeries: number
  /** Definitions by name. */
  readonly definitions: ReadonlyMap<string, TsMetric>
  /** Whether metrics without definition are shown. */
  readonly autoDetect: boolean
  /** Whether the server itself has a metric of this name. */
  readonly isTaken: (name: string) => boolean
  /** Told of every sample that is shown. */
  readonly onSample?: (sample: MetricSample) => void
  /** Told once for each version and reason. */
  readonly onDropped: (dropped: { model: ModelId; metric: string; reason: DropReason }) => void
}

/** Metrics of handlers: they appear with their first sample, are bounded, and go with their version. */
export class HandlerMetrics {
  readonly #options: HandlerMetricsOptions
  readonly #metrics = new Map<string, HandlerMetric>()
  /** Registered versions with the reasons that were told of. */
  readonly #told = new Map<string, Set<DropReason>>()
  readonly #dropped = new ValueMetric('counter', {
    name: 'onnxserve_custom_metrics_dropped_total',
    help: 'Samples of handlers that are not shown, by reason.',
    labelNames: ['model', 'version', 'reason'],
  })

  constructor(options: HandlerMetricsOptions) {
    this.#options = options
    options.events.on('stateChanged', ({ model, to }) => {
      const key = formatModelId(model)
      if (to === 'loading' && !this.#told.has(key)) this.#told.set(key, new Set())
    })
    options.events.on('handlerMetrics', ({ model, samples }) => {
      for (const sample of samples) this.#observe(model, sample)
    })
    options.events.on('versionRemoved', ({ model }) => {
      this.#drop(model)
    })
  }

  collect(): MetricFamily[] {
    return [...[...this.#metrics.values()].map((metric) => metric.collect()), this.#dropped.collect()]
  }

  #observe(model: ModelId, sample: MetricSample): void {
    // Late samples of a version that is gone must not bring its series back.
    if (!this.#told.has(formatModelId(model))) return
    const reason = this.#tryObserve(model, sample)
    if (reason === undefined) this.#options.onSample?.(sample)
    else this.#countDrop(model, sample.name, reason)
  }

  #countDrop(model: ModelId, metric: string, reason: DropReason): void {
    this.#dropped.with(model.name, model.version, reason).add()
    const told = this.#told.get(formatModelId(model))
    if (told === undefined || told.has(reason)) return
    told.add(reason)
    this.#options.onDropped({ model, metric, reason })
  }

  #tryObserve(model: ModelId, sample: MetricSample): DropReason | undefined {
    const { definitions, autoDetect, maxMetrics, maxSeries } = this.#options
    const definition = definitions.get(sample.name)
    if (definition === undefined && !autoDetect) return 'undefined_metric'
    if (!Number.isFinite(sample.value) || (sample.kind === 'counter' && sample.value < 0)) return 'bad_value'
    const labels = this.#labelsOf(model, sample, definition)
    if (labels === undefined) return 'bad_labels'
    const version = formatModelId(model)
    const metric = this.#findOrMake(sample, definition)
    if (!(metric instanceof HandlerMetric)) return metric
    if (!metric.has(version) && this.#countOf(version) >= maxMetrics) return 'too_many_metrics'
    this.#metrics.set(metric.name, metric)
    return metric.observe(version, { labels, value: sample.value, maxSeries }) ? undefined : 'too_many_series'
  }

  #findOrMake(
    { name, kind, unit }: MetricSample,
    definition: TsMetric | undefined,
  ): HandlerMetric | DropReason {
    const exposed = metricNameOf(name)
    if (exposed === undefined) return 'bad_name'
    const found = this.#metrics.get(exposed)
    if (found !== undefined) return found.kind === kind ? found : 'kind_conflict'
    if (definition !== undefined && definition.kind !== kind) return 'kind_conflict'
    const metric = new HandlerMetric({ name: exposed, kind, unit: definition?.unit ?? unit })
    return metric.sampleNames.some((each) => this.#isTaken(each)) ? 'name_taken' : metric
  }

  #isTaken(name: string): boolean {
    if (this.#options.isTaken(name)) return true
    return [...this.#metrics.values()].some(({ sampleNames }) => sampleNames.includes(name))
  }

  /** A definition decides which dimensions become labels; missing ones are empty. */
  #labelsOf(
    model: ModelId,
    { dimensions }: MetricSample,
    definition: TsMetric | undefined,
  ): Labels | undefined {
    const chosen = definition === undefined ? dimensions : chosenOf(dimensions, definition.dimensions)
    const labels = labelsOf(chosen)
    if (labels === undefined) return undefined
    return [
      ['model', model.name],
      ['version', model.version],
      ...labels,
      ['Hostname', this.#options.hostname],
    ]
  }

  #countOf(key: string): number {
    let count = 0
    for (const metric of this.#metrics.values()) if (metric.has(key)) count++
    return count
  }

  #drop(model: ModelId): void {
    const key = formatModelId(model)
    this.#told.delete(key)
    this.#dropped.remove(model.name, model.version)
    for (const [name, metric] of this.#metrics) {
      metric.drop(key)
      if (metric.isEmpty) this.#metrics.delete(name)
    }
  }
}

function chosenOf(
  dimensions: MetricSample['dimensions'],
  names: readonly string[],
): Readonly<Record<string, string>> {
  const valueOf = (name: string) => (Object.hasOwn(dimensions, name) ? (dimensions[name] ?? '') : '')
  return Object.fromEntries(names.map((name) => [name, valueOf(name)]))
}
