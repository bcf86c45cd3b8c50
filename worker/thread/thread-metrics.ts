import { METRIC_KINDS, type MetricKind, type MetricSample } from '../contract/messages.ts'
import type {
  CachedMetric,
  CachedMetricOptions,
  Dimensions,
  HandlerMetrics,
  MetricOptions,
  SampleOptions,
} from '../handler.ts'
import type { MetricBuffer } from './metric-buffer.ts'

const TIME_UNITS = { ms: 'Milliseconds', s: 'Seconds' } as const
const SIZE_UNITS = { MB: 'Megabytes', kB: 'Kilobytes', GB: 'Gigabytes', B: 'Bytes' } as const

/** The metrics of one worker thread's handler. */
export class ThreadMetrics implements HandlerMetrics {
  readonly #buffer: Pick<MetricBuffer, 'add'>
  readonly #modelName: string
  /** By kind and name. */
  readonly #cache = new Map<string, CachedMetric>()

  constructor(buffer: Pick<MetricBuffer, 'add'>, modelName: string) {
    this.#buffer = buffer
    this.#modelName = modelName
  }

  counter(name: string, options?: MetricOptions): ReturnType<HandlerMetrics['counter']> {
    const observe = this.#observer('counter', name, options)
    return { add: (value = 1, dimensions) => observe(value, dimensions) }
  }

  gauge(name: string, options?: MetricOptions): ReturnType<HandlerMetrics['gauge']> {
    return { set: this.#observer('gauge', name, options) }
  }

  histogram(name: string, options?: MetricOptions): ReturnType<HandlerMetrics['histogram']> {
    return { observe: this.#observer('histogram', name, options) }
  }

  addCounter(name: string, value: number, options: SampleOptions = {}): void {
    this.#addOne({ kind: 'counter', name, value, unit: 'Count' }, options)
  }

  addTime(name: string, value: number, options: SampleOptions<'ms' | 's'> = {}): void {
    this.#addOne({ kind: 'gauge', name, value, unit: unitOf(TIME_UNITS, options.unit ?? 'ms') }, options)
  }

  addSize(name: string, value: number, options: SampleOptions<'MB' | 'kB' | 'GB' | 'B'> = {}): void {
    this.#addOne({ kind: 'gauge', name, value, unit: unitOf(SIZE_UNITS, options.unit ?? 'MB') }, options)
  }

  addPercent(name: string, value: number, options: SampleOptions = {}): void {
    this.#addOne({ kind: 'gauge', name, value, unit: 'Percent' }, options)
  }

  addError(name: string, value: number, options: SampleOptions = {}): void {
    const dimensions = { Level: 'Error', ...options.dimensions }
    this.#addOne({ kind: 'counter', name, value, unit: 'Count' }, { ...options, dimensions })
  }

  addMetric(name: string, value: number, options: SampleOptions<string> & { readonly unit: string }): void {
    this.#addOne({ kind: 'counter', name, value, unit: options.unit }, options)
  }

  addMetricToCache(name: string, options: CachedMetricOptions): CachedMetric {
    const { unit, dimensionNames, type = 'counter' } = options
    if (!METRIC_KINDS.includes(type)) {
      throw new Error(
        `metric '${name}' has the type '${String(type)}', expected one of ${METRIC_KINDS.join(', ')}`,
      )
    }
    const metric: CachedMetric = {
      name,
      type,
      addOrUpdate: (value, dimensionValues = []) => {
        const dimensions = dimensionsOf(name, dimensionNames, dimensionValues)
        this.#buffer.add({ kind: type, name, value, unit, dimensions })
      },
    }
    this.#cache.set(keyOf(type, name), metric)
    return metric
  }

  getMetric(name: string, type: MetricKind = 'counter'): CachedMetric {
    const metric = this.#cache.get(keyOf(type, name))
    if (metric === undefined) {
      throw new Error(`no ${type} '${name}' was added; call addMetricToCache first, or pass its type`)
    }
    return metric
  }

  #observer(kind: MetricKind, name: string, { unit = 'Count', dimensions }: MetricOptions = {}) {
    return (value: number, more?: Dimensions): void => {
      this.#buffer.add({ kind, name, value, unit, dimensions: { ...dimensions, ...more } })
    }
  }

  #addOne(sample: Omit<MetricSample, 'dimensions'>, { type, dimensions }: SampleOptions<unknown>): void {
    this.#buffer.add({
      ...sample,
      kind: type ?? sample.kind,
      dimensions: { ModelName: this.#modelName, Level: 'Model', ...dimensions },
    })
  }
}

function keyOf(type: MetricKind, name: string): string {
  return `${type} ${name}`
}

function unitOf<T extends Readonly<Record<string, string>>>(units: T, unit: keyof T & string): string {
  const found = units[unit]
  if (found === undefined) {
    throw new Error(`the unit '${unit}' is unknown here, expected one of ${Object.keys(units).join(', ')}`)
  }
  return found
}

function dimensionsOf(name: string, names: readonly string[], values: readonly string[]): Dimensions {
  if (names.length === values.length) {
    return Object.fromEntries(names.map((dimension, index) => [dimension, values[index] ?? '']))
  }
  throw new Error(
    `metric '${name}' got ${values.length} dimension values, expected one for each of [${names.join(', ')}]`,
  )
}
