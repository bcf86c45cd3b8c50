import type { Labels, MetricFamily, ValuePoint } from './exposition/family.ts'

type DurationTotal = { readonly count: number; readonly ns: number }

/** What a scrape reads of a version's statistics. */
export type StatisticsReading = {
  readonly model: { readonly name: string; readonly version: string }
  readonly inferenceCount: number
  readonly executionCount: number
  readonly success: DurationTotal
  readonly fail: DurationTotal
  readonly queue: DurationTotal
  readonly computeInput: DurationTotal
  readonly computeInfer: DurationTotal
  readonly computeOutput: DurationTotal
  readonly failures: Readonly<Record<string, number>>
  readonly pendingRequests: number
  readonly loadMs: number
}

const NS_PER_US = 1000
const MS_PER_SECOND = 1000

/** The statistics of versions under Triton's names, for dashboards and alerts that know those. */
export function tritonMetrics(versions: readonly StatisticsReading[]): MetricFamily[] {
  const family = (
    kind: 'counter' | 'gauge',
    name: string,
    help: string,
    read: (version: StatisticsReading) => number,
  ) => ({
    name: `nv_${name}`,
    help,
    kind,
    points: versions.map((version): ValuePoint => ({ labels: labelsOf(version), value: read(version) })),
  })
  const duration = (name: string, help: string, read: (version: StatisticsReading) => DurationTotal) =>
    family('counter', `inference_${name}_duration_us`, help, (version) =>
      Math.round(read(version).ns / NS_PER_US),
    )
  return [
    family(
      'counter',
      'inference_request_success',
      'Requests that were answered.',
      ({ success }) => success.count,
    ),
    {
      name: 'nv_inference_request_failure',
      help: 'Requests that were not answered, by reason.',
      kind: 'counter',
      points: versions.flatMap(failurePoints),
    },
    family(
      'counter',
      'inference_count',
      'Rows of answered requests.',
      ({ inferenceCount }) => inferenceCount,
    ),
    family('counter', 'inference_exec_count', 'Engine calls.', ({ executionCount }) => executionCount),
    duration('request', 'Time of answered requests, from arrival to answer.', ({ success }) => success),
    duration('queue', 'Time that answered requests waited.', ({ queue }) => queue),
    duration('compute_input', 'Time before engine calls.', ({ computeInput }) => computeInput),
    duration('compute_infer', 'Time of engine calls.', ({ computeInfer }) => computeInfer),
    duration('compute_output', 'Time behind engine calls.', ({ computeOutput }) => computeOutput),
    family(
      'gauge',
      'inference_pending_request_count',
      'Requests that wait for a worker.',
      ({ pendingRequests }) => pendingRequests,
    ),
    family(
      'gauge',
      'model_load_duration_secs',
      'How long loading took.',
      ({ loadMs }) => loadMs / MS_PER_SECOND,
    ),
  ]
}

function failurePoints(version: StatisticsReading): ValuePoint[] {
  return Object.entries(version.failures).map(([reason, value]) => ({
    labels: [...labelsOf(version), ['reason', reason]],
    value,
  }))
}

function labelsOf({ model }: StatisticsReading): Labels {
  return [
    ['model', model.name],
    ['version', model.version],
  ]
}
