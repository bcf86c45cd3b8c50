import { collectDefaultMetrics, Registry, type MetricObjectWithValues, type MetricValue } from 'prom-client'
import type { HistogramPoint, Labels, MetricFamily } from './exposition/family.ts'

type Found = MetricObjectWithValues<MetricValue<string> & { readonly metricName?: string }>

/**
 * Memory, CPU, event-loop lag and garbage collection of this process, under the names of prom-client, which
 * dashboards for Node.js know.
 *
 * @returns reads them
 */
export function processMetrics(): () => Promise<MetricFamily[]> {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return async () => {
    const found: Found[] = await registry.getMetricsAsJSON()
    return found.map(familyOf)
  }
}

function familyOf({ name, help, type, values }: Found): MetricFamily {
  // prom-client names its kinds by an enum in its types and by words in its data.
  const kind = String(type)
  if (kind === 'histogram') return { name, help, kind: 'histogram', points: histogramPoints(name, values) }
  const points = values.map(({ labels, value }) => ({ labels: labelsOf(labels), value }))
  return { name, help, kind: kind === 'counter' ? 'counter' : 'gauge', points }
}

/** The buckets, sum and count of one series come as values of their own, buckets first. */
function histogramPoints(name: string, values: Found['values']): HistogramPoint[] {
  const series = new Map<string, { labels: Labels; values: Found['values'] }>()
  for (const value of values) {
    const { le: _bound, ...others } = value.labels
    const labels = labelsOf(others)
    const key = JSON.stringify(labels)
    const found = series.get(key) ?? { labels, values: [] }
    found.values.push(value)
    series.set(key, found)
  }
  return [...series.values()].map(({ labels, values: own }) => {
    const valueOf = (suffix: string) => own.find(({ metricName }) => metricName === name + suffix)?.value ?? 0
    const buckets = own
      .filter(({ metricName }) => metricName === `${name}_bucket`)
      .map(({ labels: { le }, value }) => ({
        upperBound: le === '+Inf' ? Infinity : Number(le),
        cumulativeCount: value,
      }))
    return { labels, histogram: { count: valueOf('_count'), sum: valueOf('_sum'), buckets } }
  })
}

function labelsOf(labels: Readonly<Record<string, string | number | undefined>>): Labels {
  return Object.entries(labels).map(([name, value]) => [name, String(value)])
}
