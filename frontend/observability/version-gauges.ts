import type { Device } from '../../worker/contract/messages.ts'
import type { ModelId } from '../../worker/contract/model-id.ts'
import type { Labels, MetricFamily, ValuePoint } from './exposition/family.ts'

const MS_PER_SECOND = 1000

/** What a scrape reads of each registered version; a part of what operators may see of it. */
export type VersionReading = {
  readonly model: ModelId
  readonly queuedRequests: number
  readonly runningBatches: number
  readonly serviceTime: { readonly fixedMs: number; readonly perRowMs: number }
  readonly workers: readonly {
    readonly state: 'loading' | 'ready' | 'draining' | 'failed'
    readonly pid?: number
    readonly memoryBytes: number
  }[]
  readonly provider: { readonly device: Device; readonly reason: string }
}

/** The gauges of versions at one moment. Nothing is kept up to date for a scrape that may never come. */
export function versionGauges(versions: readonly VersionReading[]): MetricFamily[] {
  const gauge = (name: string, help: string, points: (version: VersionReading) => ValuePoint[]) => ({
    name: `onnxserve_${name}`,
    help,
    kind: 'gauge' as const,
    points: versions.flatMap(points),
  })
  return [
    gauge('queued_requests', 'Requests that wait for a worker.', (version) => [
      { labels: labelsOf(version), value: version.queuedRequests },
    ]),
    gauge('running_batches', 'Batches that workers run at this moment.', (version) => [
      { labels: labelsOf(version), value: version.runningBatches },
    ]),
    gauge('batch_fixed_seconds', 'Predicted time of a batch that its rows do not change.', (version) => [
      { labels: labelsOf(version), value: version.serviceTime.fixedMs / MS_PER_SECOND },
    ]),
    gauge('batch_row_seconds', 'Predicted time that each row adds to a batch.', (version) => [
      { labels: labelsOf(version), value: version.serviceTime.perRowMs / MS_PER_SECOND },
    ]),
    gauge('workers', 'Workers by state.', workersByState),
    gauge('worker_memory_bytes', 'Resident memory of the worker processes.', (version) => [
      { labels: labelsOf(version), value: memoryOf(version) },
    ]),
    gauge(
      'execution_provider_info',
      'Which execution provider runs, and why not a better one; always 1.',
      (version) => [{ labels: providerLabels(version), value: 1 }],
    ),
  ]
}

function labelsOf({ model }: VersionReading): Labels {
  return [
    ['model', model.name],
    ['version', model.version],
  ]
}

function workersByState(version: VersionReading): ValuePoint[] {
  const counts = new Map<string, number>()
  for (const { state } of version.workers) counts.set(state, (counts.get(state) ?? 0) + 1)
  return [...counts].map(([state, value]) => ({ labels: [...labelsOf(version), ['state', state]], value }))
}

function providerLabels(version: VersionReading): Labels {
  const { device, reason } = version.provider
  return [
    ...labelsOf(version),
    ['provider', device.provider],
    ['device_id', String(device.deviceId)],
    ['reason', reason],
  ]
}

/** Workers of one process report the same memory; it counts once. */
function memoryOf({ workers }: VersionReading): number {
  const byProcess = new Map(workers.map(({ pid, memoryBytes }) => [pid, memoryBytes]))
  return [...byProcess.values()].reduce((sum, bytes) => sum + bytes, 0)
}
