import { formatModelId, type ModelId } from '../../../worker/contract/model-id.ts'
import type { Metrics } from '../metrics.ts'
import type { RequestTotals } from '../request-totals.ts'
import type { GpuReading } from '../system/gpu.ts'
import type { SystemReading } from '../system/system-reading.ts'
import type { VersionSeries } from '../version-series.ts'
import type { TsReading, TsRow } from './ts-metrics.ts'

export const MICROSECONDS_PER_MS = 1000

/** What TorchServe calls the version of a request that named none. */
export const DEFAULT_VERSION = 'default'

export type LoadTime = { readonly workerName: string; readonly loadMs: number }

export type TsState = {
  readonly hostname: string
  readonly metrics: Metrics
  readonly loadTimes: readonly LoadTime[]
  /** Absent before the first reading, or where it is not wanted. */
  readonly system: SystemReading | undefined
}

/** What TorchServe would show, from what we measure. A metric has no row before its first observation. */
export function readTsMetrics({ hostname, metrics, loadTimes, system }: TsState): TsReading {
  const host = (value: number | undefined) =>
    value === undefined ? [] : [{ values: ['Host', hostname], value }]
  const { latest, http } = metrics
  const statusClass = (digit: number) => host(http.counts[digit])
  return {
    Requests2XX: statusClass(2),
    Requests4XX: statusClass(4),
    Requests5XX: statusClass(5),
    ...requestRows(metrics, hostname),
    QueueTime: host(latest.queueMs),
    WorkerThreadTime: host(latest.workerOverheadMs),
    WorkerLoadTime: loadTimes.map(({ workerName, loadMs }) => ({
      values: [workerName, 'Host', hostname],
      value: loadMs,
    })),
    ...batchRows(metrics, hostname),
    ...(system === undefined ? {} : systemRows(system, hostname)),
  }
}

function requestRows(metrics: Metrics, hostname: string): TsReading {
  const totals: [readonly string[], RequestTotals][] = [
    ...[...metrics.series].map(({ model, named }): [readonly string[], RequestTotals] => [
      [model.name, model.version, hostname],
      named,
    ]),
    ...[...metrics.defaultTotals].map(([name, byDefault]): [readonly string[], RequestTotals] => [
      [name, DEFAULT_VERSION, hostname],
      byDefault,
    ]),
  ]
  const rows = (valueOf: (totals: RequestTotals) => number): TsRow[] =>
    totals
      .filter(([, { requests }]) => requests > 0)
      .map(([values, each]) => ({ values, value: valueOf(each) }))
  return {
    ts_inference_requests_total: rows(({ requests }) => requests),
    ts_inference_latency_microseconds: rows(({ totalMs }) => totalMs * MICROSECONDS_PER_MS),
    ts_queue_latency_microseconds: rows(({ queueMs }) => queueMs * MICROSECONDS_PER_MS),
  }
}

/** TorchServe's labels know no version: the version whose batch finished last speaks for its model. */
function batchRows(metrics: Metrics, hostname: string): TsReading {
  const latest = new Map<string, NonNullable<VersionSeries['lastBatch']>>()
  for (const { model, lastBatch } of metrics.series) {
    const found = latest.get(model.name)
    if (lastBatch !== undefined && lastBatch.number > (found?.number ?? -1)) latest.set(model.name, lastBatch)
  }
  const rows = (key: 'handlerMs' | 'workerMs') =>
    [...latest].map(([name, batch]) => ({ values: [name, 'Model', hostname], value: batch[key] }))
  return { HandlerTime: rows('handlerMs'), PredictionTime: rows('workerMs') }
}

/** What the machine says, as TorchServe names it. */
export function systemRows({ cpu, memory, disk, gpus }: SystemReading, hostname: string): TsReading {
  const host = (value: number) => [{ values: ['Host', hostname], value }]
  const device = (valueOf: (gpu: GpuReading) => number | undefined) =>
    gpus.flatMap((gpu): TsRow[] => {
      const value = valueOf(gpu)
      return value === undefined ? [] : [{ values: ['Host', gpu.deviceId, hostname], value }]
    })
  return {
    CPUUtilization: host(cpu.utilizationPercent),
    MemoryUtilization: host(memory.utilizationPercent),
    MemoryUsed: host(memory.usedMegabytes),
    MemoryAvailable: host(memory.availableMegabytes),
    ...(disk === undefined
      ? {}
      : {
          DiskUtilization: host(disk.utilizationPercent),
          DiskUsage: host(disk.usedGigabytes),
          DiskAvailable: host(disk.availableGigabytes),
        }),
    GPUUtilization: device((gpu) => gpu.utilizationPercent),
    GPUMemoryUsed: device((gpu) => gpu.memoryUsedMegabytes),
    GPUMemoryUtilization: device(memoryUtilizationPercent),
  }
}

function memoryUtilizationPercent(gpu: GpuReading): number | undefined {
  const { memoryUsedMegabytes: used, memoryTotalMegabytes: total } = gpu
  if (used === undefined || total === undefined) return undefined
  return total === 0 ? 0 : (100 * used) / total
}

/** As TorchServe names its workers; a process and a thread stand for its port. */
export function workerName(model: ModelId, pid: number, threadId: number): string {
  return `W-${pid}-${threadId}-${formatModelId(model).replace('/', '_')}`
}
