import type { MetricKind } from '../contract/messages.ts'

/**
 * A handler's own metrics; they appear on the metrics address beside the server's.
 *
 * Observing never fails a request: what cannot be a sample is dropped, and the log says so. Only calls that no
 * typed handler makes throw: an unknown unit or type, dimension values that do not fit their names.
 */
export interface HandlerMetrics extends TorchServeMetrics {
  /** A sum that only grows. */
  counter(name: string, options?: MetricOptions): { add(value?: number, dimensions?: Dimensions): void }
  /** A value that comes and goes; the latest counts. */
  gauge(name: string, options?: MetricOptions): { set(value: number, dimensions?: Dimensions): void }
  /** A distribution. */
  histogram(name: string, options?: MetricOptions): { observe(value: number, dimensions?: Dimensions): void }
}

/** Values of a metric's dimensions (labels) by their names. Each combination is a series: keep them few. */
export type Dimensions = Readonly<Record<string, string>>

export type MetricOptions = {
  /** `Milliseconds`, `Megabytes`, …; default `Count`. */
  readonly unit?: string
  /** Of every observation; each may add its own. */
  readonly dimensions?: Dimensions
}

/**
 * TorchServe's calls. Each sample gets the dimensions `ModelName` and `Level` (`Model`, or `Error` from `addError`)
 * unless it brings its own. TorchServe says `Error` of every sample outside of a request, from `initialize` for
 * example; here such a sample is no error.
 */
export interface TorchServeMetrics {
  addCounter(name: string, value: number, options?: SampleOptions): void
  /** @param options `unit`: `ms` (default) or `s` */
  addTime(name: string, value: number, options?: SampleOptions<'ms' | 's'>): void
  /** @param options `unit`: `MB` (default), `kB`, `GB` or `B` */
  addSize(name: string, value: number, options?: SampleOptions<'MB' | 'kB' | 'GB' | 'B'>): void
  addPercent(name: string, value: number, options?: SampleOptions): void
  addError(name: string, value: number, options?: SampleOptions): void
  addMetric(name: string, value: number, options: SampleOptions<string> & { readonly unit: string }): void
  /** Makes a metric for later: its dimensions are given by name now, by value with each observation. */
  addMetricToCache(name: string, options: CachedMetricOptions): CachedMetric
  /** @throws Error when no such metric was added before */
  getMetric(name: string, type?: MetricKind): CachedMetric
}

export type SampleOptions<U = never> = {
  readonly unit?: U
  /** The request that was measured, by its place in the batch; the server needs no such hint. */
  readonly idx?: number
  readonly dimensions?: Dimensions
  /** Default `gauge` for times, sizes and percentages, else `counter`. */
  readonly type?: MetricKind
}

export type CachedMetricOptions = {
  readonly unit: string
  readonly dimensionNames: readonly string[]
  /** Default `counter`. */
  readonly type?: MetricKind
}

export interface CachedMetric {
  readonly name: string
  readonly type: MetricKind
  /** @throws Error when there is not one value per dimension name */
  addOrUpdate(value: number, dimensionValues?: readonly string[]): void
}
