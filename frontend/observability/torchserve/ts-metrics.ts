import type { MetricKind } from '../../../worker/contract/messages.ts'

/** A metric of TorchServe as its definition file has it. */
export type TsMetric = {
  readonly kind: MetricKind
  /** The word in log lines and in HELP. */
  readonly unit: string
  /** Label names, in the order of the values. */
  readonly dimensions: readonly string[]
}

const HOST = ['Level', 'Hostname'] as const
const REQUEST = ['model_name', 'model_version', 'hostname'] as const
const DEVICE = ['Level', 'DeviceId', 'Hostname'] as const
const MODEL = ['ModelName', 'Level', 'Hostname'] as const

/**
 * The metrics that TorchServe has of itself, with its names, kinds, units and labels. Dashboards and alerts know
 * them; what is odd about them, sums called latencies and gauges of the last request, is kept with the names.
 */
export const TS_METRICS = {
  Requests2XX: { kind: 'counter', unit: 'Count', dimensions: HOST },
  Requests4XX: { kind: 'counter', unit: 'Count', dimensions: HOST },
  Requests5XX: { kind: 'counter', unit: 'Count', dimensions: HOST },
  ts_inference_requests_total: { kind: 'counter', unit: 'Count', dimensions: REQUEST },
  ts_inference_latency_microseconds: { kind: 'counter', unit: 'Microseconds', dimensions: REQUEST },
  ts_queue_latency_microseconds: { kind: 'counter', unit: 'Microseconds', dimensions: REQUEST },
  QueueTime: { kind: 'gauge', unit: 'Milliseconds', dimensions: HOST },
  WorkerThreadTime: { kind: 'gauge', unit: 'Milliseconds', dimensions: HOST },
  WorkerLoadTime: {
    kind: 'gauge',
    unit: 'Milliseconds',
    dimensions: ['WorkerName', 'Level', 'Hostname'],
  },
  CPUUtilization: { kind: 'gauge', unit: 'Percent', dimensions: HOST },
  MemoryUtilization: { kind: 'gauge', unit: 'Percent', dimensions: HOST },
  MemoryUsed: { kind: 'gauge', unit: 'Megabytes', dimensions: HOST },
  MemoryAvailable: { kind: 'gauge', unit: 'Megabytes', dimensions: HOST },
  DiskUtilization: { kind: 'gauge', unit: 'Percent', dimensions: HOST },
  DiskUsage: { kind: 'gauge', unit: 'Gigabytes', dimensions: HOST },
  DiskAvailable: { kind: 'gauge', unit: 'Gigabytes', dimensions: HOST },
  GPUMemoryUtilization: { kind: 'gauge', unit: 'Percent', dimensions: DEVICE },
  GPUMemoryUsed: { kind: 'gauge', unit: 'Megabytes', dimensions: DEVICE },
  GPUUtilization: { kind: 'gauge', unit: 'Percent', dimensions: DEVICE },
  HandlerTime: { kind: 'gauge', unit: 'Milliseconds', dimensions: MODEL },
  PredictionTime: { kind: 'gauge', unit: 'Milliseconds', dimensions: MODEL },
} as const satisfies Readonly<Record<string, TsMetric>>

export type TsName = keyof typeof TS_METRICS

export const TS_NAMES = Object.keys(TS_METRICS) as readonly TsName[] // keys of the table above

/** The counters that `metrics_mode=legacy` leaves at the endpoint. */
export const LEGACY_NAMES: readonly TsName[] = [
  'ts_inference_requests_total',
  'ts_inference_latency_microseconds',
  'ts_queue_latency_microseconds',
]

/** Metrics that come from workers: they go to the models' log, and a definition file has them apart. */
export const MODEL_NAMES: readonly TsName[] = ['HandlerTime', 'PredictionTime']

/** What one series of a metric shows: its label values, in the order of the dimensions, and its number. */
export type TsRow = { readonly values: readonly string[]; readonly value: number }

/** Everything that TorchServe's names show at one moment. */
export type TsReading = Readonly<Partial<Record<TsName, readonly TsRow[]>>>
