import type { Clock } from '../../frontend/core/clock.ts'
import { WorkerSlot, type WorkerSlotListener } from '../../frontend/core/workers/worker-slot.ts'
import { WorkerSet } from '../../frontend/core/workers/worker-set.ts'
import type { LoadSpec } from '../../worker/contract/messages.ts'
import type { FakeWorkers } from './fake-worker-process.ts'

export const SPEC: LoadSpec = {
  model: { name: 'm', version: '1' },
  modelDir: '/nowhere',
  handler: 'tensor',
  handlerConfig: {},
  device: { provider: 'cpu', deviceId: 0 },
  threads: 1,
  intraOpThreads: 1,
  maxBatchRows: 4,
  maxHeapMebibytes: 64,
}

export const STARTUP_TIMEOUT_MS = 10_000

export const NO_LISTENER: WorkerSlotListener = {
  onChange: () => undefined,
  onInstance: () => undefined,
  onLoadFailed: () => undefined,
  onRestart: () => undefined,
  onLog: () => undefined,
  onMetrics: () => undefined,
}

export type WorkerSetFixture = {
  readonly workers: FakeWorkers
  readonly clock: Clock
  /** Threads of each worker process. */
  readonly threads?: readonly number[]
  readonly maxBatchesInFlight?: number | undefined
  readonly listener?: Partial<WorkerSlotListener>
  /** The jitter of restarts; the whole delay by default. */
  readonly random?: () => number
}

/** A worker set over fake processes. */
export function workerSet(given: WorkerSetFixture) {
  const { workers, clock, threads = [1], maxBatchesInFlight, listener, random = () => 1 } = given
  return new WorkerSet({
    id: 7,
    maxBatchesInFlight,
    listener: { ...NO_LISTENER, ...listener },
    slots: threads.map(
      (count) => (ofSlot) =>
        new WorkerSlot({
          spec: { ...SPEC, threads: count },
          modelBytes: 0,
          startupTimeoutMs: STARTUP_TIMEOUT_MS,
          startProcess: workers.start,
          clock,
          random,
          listener: ofSlot,
        }),
    ),
  })
}
