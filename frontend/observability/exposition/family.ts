/** Label names with their values, in the order in which they are written. */
export type Labels = readonly (readonly [name: string, value: string])[]

export type ValuePoint = { readonly labels: Labels; readonly value: number }

/** A histogram at one moment: the same observations counted in fixed and in exponential buckets. */
export type HistogramReading = {
  readonly count: number
  readonly sum: number
  /** Ascending, each with the observations up to its bound; the last bound is `Infinity`. */
  readonly buckets: readonly { readonly upperBound: number; readonly cumulativeCount: number }[]
  /** Absent where only fixed buckets are known. */
  readonly native?: NativeBuckets
}

/**
 * Sparse exponential buckets: number i counts what lies in (base^(i−1), base^i] with base = 2^(2^−schema),
 * mirrored for negative values.
 *
 * @see Prometheus, "Native Histograms" specification
 */
export type NativeBuckets = {
  readonly schema: number
  /** Values no farther from zero than this are counted in `zeroCount`. */
  readonly zeroThreshold: number
  readonly zeroCount: number
  readonly positive: SparseCounts
  readonly negative: SparseCounts
}

/** Bucket numbers, ascending, with their counts; none is 0. */
export type SparseCounts = readonly (readonly [index: number, count: number])[]

export type HistogramPoint = { readonly labels: Labels; readonly histogram: HistogramReading }

type FamilyHead = {
  readonly name: string
  /** What is measured, one sentence. */
  readonly help: string
  /** TorchServe's word for the unit, `Milliseconds`, `Count`; only of metrics that it has, or a handler's. */
  readonly unit?: string
}

/** Everything that one scrape sees of one metric. Formats are written from it, and from nothing else. */
export type MetricFamily =
  | (FamilyHead & { readonly kind: 'counter' | 'gauge'; readonly points: readonly ValuePoint[] })
  | (FamilyHead & { readonly kind: 'histogram'; readonly points: readonly HistogramPoint[] })

/** The names under which a family's samples appear in the text formats. */
export function sampleNames({ name, kind }: MetricFamily): readonly string[] {
  return kind === 'histogram' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]
}
