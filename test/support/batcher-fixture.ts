import type { Scheduling } from '../../archiver-cli/format/scheduling.ts'
import { Batcher, type BatcherLimits } from '../../frontend/core/batching/batcher.ts'
import type { FinishedBatch } from '../../frontend/core/batching/finished-batch.ts'
import { NO_RUNNERS } from '../../frontend/core/batching/runners.ts'
import { VersionSchedule } from '../../frontend/core/batching/scheduling/version-schedule.ts'
import type { InstanceReport } from '../../worker/contract/messages.ts'
import type { Outcome, PendingRequestInit } from '../../frontend/core/batching/pending-request.ts'
import type { WorkerSlotListener } from '../../frontend/core/workers/worker-slot.ts'
import { FakeClock, settlePromises } from './fake-clock.ts'
import { FakeWorkers, type FakeWorkersOptions } from './fake-worker-process.ts'
import { pendingRequest } from './pending-requests.ts'
import { workerSet } from './worker-sets.ts'

const LIMITS: BatcherLimits = { maxBatchRows: 4, maxBatchDelayMs: 0, inferenceTimeoutMs: 1000 }

type Fixture = {
  readonly threads?: readonly number[]
  readonly limits?: Partial<BatcherLimits>
  readonly maxBatchesInFlight?: number
  /** What the workers say of themselves. */
  readonly report?: Partial<InstanceReport>
  readonly workers?: FakeWorkersOptions
  readonly isReady?: boolean
  /** Another order than first come, first served. */
  readonly scheduling?: Scheduling
  readonly clock?: FakeClock
}

/** A batcher over a real worker set of fake processes, and the outcomes of what was pushed. */
export function batcherFixture({
  threads = [1],
  limits = {},
  maxBatchesInFlight,
  report = {},
  workers: processes,
  isReady = true,
  scheduling,
  clock = new FakeClock(),
}: Fixture = {}) {
  const workers = new FakeWorkers(processes)
  const restarts: string[] = []
  const batchSizes: number[] = []
  /** Why each of them closed. */
  const reasons: string[] = []
  const listener: Partial<WorkerSlotListener> = {
    onChange: () => batcher.dispatch(),
    onRestart: ({ cause, detail }) => restarts.push(`${cause}: ${detail}`),
  }
  const options = {
    model: { name: 'm', version: '1' },
    clock,
    limits: { ...LIMITS, ...limits },
    onBatch: ({ requests, closedBy }: FinishedBatch) => {
      batchSizes.push(requests)
      reasons.push(closedBy)
    },
  }
  const schedule =
    scheduling === undefined ? {} : { schedule: new VersionSchedule({ ...options, scheduling }) }
  const batcher: Batcher = new Batcher({ ...options, ...schedule, runners: NO_RUNNERS })
  const set = workerSet({ workers, clock, threads, listener, maxBatchesInFlight })
  batcher.useRunners(set)
  const outcomes = new Map<string, Outcome>()

  function push(id: string, init: Partial<PendingRequestInit> = {}): void {
    const arrivedAtMs = clock.nowMs()
    const request = pendingRequest({ id, arrivedAtMs, deadlineMs: arrivedAtMs + 1000, ...init })
    void request.outcome.then((outcome) => outcomes.set(id, outcome))
    batcher.push(request)
  }

  /** How a request ended: its echo, an error's code and reason, or that it has not. */
  async function outcomeOf(id: string): Promise<string> {
    await settlePromises()
    const outcome = outcomes.get(id)
    if (outcome === undefined) return 'pending'
    return outcome.ok ? textOf(outcome) : `${outcome.error.code} ${outcome.error.reason ?? ''}`.trim()
  }

  const running = () => workers.batches.map(({ ids }) => ids)
  if (isReady) for (const process of workers.processes) process.ready(process.spec.threads, report)
  return { clock, workers, batcher, set, restarts, batchSizes, reasons, outcomes, push, outcomeOf, running }
}

/** The echo in a successful outcome. */
export function textOf(outcome: Outcome): string {
  const payload = outcome.ok ? outcome.response.payload : undefined
  return payload?.kind === 'bytes' ? new TextDecoder().decode(payload.bytes) : ''
}
