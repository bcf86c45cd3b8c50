import { Gauge, type Registry } from 'prom-client'
import type { Device } from '../../worker/contract/messages.ts'
import type { ModelId } from '../../worker/contract/model-id.ts'

/** What a scrape reads of each registered version; a part of what operators may see of it. */
export type VersionReading = {
  readonly model: ModelId
  readonly queuedRequests: number
  readonly workers: readonly {
    readonly state: 'loading' | 'ready' | 'draining' | 'failed'
    readonly pid?: number
    readonly memoryBytes: number
  }[]
  readonly provider: { readonly device: Device; readonly reason: string }
}

const MODEL = ['model', 'version']

/**
 * Adds the gauges of versions. Nothing is kept up to date for a scrape that may never come.
 *
 * @returns sets all of them to one reading; before every scrape.
 */
export function addVersionGauges(registry: Registry): (versions: readonly VersionReading[]) => void {
  const updates: ((versions: readonly VersionReading[]) => void)[] = []
  const gauge = (name: string, help: string, extraLabels: readonly string[], fill: Fill) => {
    const labelNames = [...MODEL, ...extraLabels]
    const target = new Gauge({ name: `onnxserve_${name}`, help, labelNames, registers: [registry] })
    updates.push((versions) => {
      target.reset()
      for (const version of versions) fill(target, version, labelsOf(version))
    })
  }
  gauge('queued_requests', 'Requests that wait for a worker.', [], (target, { queuedRequests }, labels) => {
    target.set(labels, queuedRequests)
  })
  gauge('workers', 'Workers by state.', ['state'], (target, { workers }, labels) => {
    for (const { state } of workers) target.inc({ ...labels, state })
  })
  gauge('worker_memory_bytes', 'Resident memory of the worker processes.', [], (target, version, labels) => {
    target.set(labels, memoryOf(version))
  })
  gauge(
    'execution_provider_info',
    'Which execution provider runs, and why not a better one; always 1.',
    ['provider', 'device_id', 'reason'],
    (target, { provider: { device, reason } }, labels) => {
      target.set({ ...labels, provider: device.provider, device_id: device.deviceId, reason }, 1)
    },
  )
  return (versions) => {
    for (const update of updates) update(versions)
  }
}

type Labels = Readonly<Record<string, string>>
type Fill = (target: Gauge, version: VersionReading, labels: Labels) => void

function labelsOf({ model }: VersionReading): Labels {
  return { model: model.name, version: model.version }
}

/** Workers of one process report the same memory; it counts once. */
function memoryOf({ workers }: VersionReading): number {
  const byProcess = new Map(workers.map(({ pid, memoryBytes }) => [pid, memoryBytes]))
  return [...byProcess.values()].reduce((sum, bytes) => sum + bytes, 0)
}
