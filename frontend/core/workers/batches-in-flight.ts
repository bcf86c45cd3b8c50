import { OVERLAPPING_BATCHES, type Device } from '../../../worker/contract/messages.ts'
import { isShareable, isStateful, type VersionSettings } from '../settings.ts'

/** Batches that a worker takes at a time, and why so many. */
export type BatchesInFlight = { readonly perWorker: number; readonly reason: string }

/**
 * Whether a worker on this device may run one batch while it prepares another. One that keeps state from batch to
 * batch has one of them at a time. On a CPU, a worker more serves better: it has no device to wait for.
 */
export function mayOverlapRuns(settings: VersionSettings, { provider }: Device): boolean {
  const { maxBatchesInFlight = OVERLAPPING_BATCHES } = settings
  return provider !== 'cpu' && maxBatchesInFlight > 1 && !isStateful(settings)
}

/**
 * Whether a worker on the CPU may have its next batch while it runs one, so that its engine does not wait for it. One
 * of several need not: their engines have the CPUs to share, and another uses them meanwhile.
 */
export function mayTakeNext(settings: VersionSettings, { provider }: Device): boolean {
  const { minWorkers, maxBatchesInFlight } = settings
  return provider === 'cpu' && minWorkers === 1 && maxBatchesInFlight === undefined && isShareable(settings)
}

/** @param workers those that serve, if any */
export function batchesInFlightOf(
  settings: VersionSettings,
  device: Device,
  workers: { readonly batchesInFlight: number; readonly overlapsRuns: boolean } | undefined,
): BatchesInFlight {
  if (workers === undefined) return { perWorker: 0, reason: 'no workers' }
  return { perWorker: workers.batchesInFlight, reason: reasonOf(settings, device, workers.overlapsRuns) }
}

function reasonOf(settings: VersionSettings, device: Device, overlapsRuns: boolean): string {
  const overlap = 'one is prepared and answered while the GPU runs another'
  if (settings.maxBatchesInFlight !== undefined) {
    return overlapsRuns ? `configured; ${overlap}` : 'configured'
  }
  if (overlapsRuns && device.provider === 'cpu') return 'the next is there when the run of one ends'
  if (overlapsRuns) return overlap
  if (device.provider === 'cpu') return 'a worker on the CPU takes one'
  if (isStateful(settings)) return 'its handler keeps state from batch to batch'
  return 'its handler answers whole batches one after the other; set maxBatchesInFlight to 2 if it keeps nothing from one to the next'
}
