import type { Latencies } from './job.ts'

/** The smallest value that is at least as large as `share` of all values (nearest rank). */
export function percentile(values: readonly number[], share: number): number {
  return percentileOfSorted(Float64Array.from(values).sort(), share)
}

/** Of an even number of values the mean of the two in the middle: of few runs, neither the better nor the worse. */
export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort()
  const [below = NaN, above = NaN] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]
  return (below + above) / 2
}

export function latenciesOf(valuesMs: readonly number[]): Latencies {
  const sorted = Float64Array.from(valuesMs).sort()
  return {
    count: sorted.length,
    p50Ms: percentileOfSorted(sorted, 0.5),
    p90Ms: percentileOfSorted(sorted, 0.9),
    p99Ms: percentileOfSorted(sorted, 0.99),
    p999Ms: percentileOfSorted(sorted, 0.999),
    maxMs: percentileOfSorted(sorted, 1),
  }
}

function percentileOfSorted(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN
}
