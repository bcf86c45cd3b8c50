import { ServingError } from '../../worker/contract/errors.ts'
import type { BatchResult } from '../../worker/contract/messages.ts'
import type { BatchRunner, BatchRunners } from '../core/batching/runners.ts'
import type { Clock } from '../core/clock.ts'
import type { SampleBatch, SampleBatches } from './sample-batches.ts'

/** What workers that are never idle do with batches of one size. */
export type Replay = {
  readonly requestsPerSecond: number
  readonly rowsPerSecond: number
  /** Of a batch, from its dispatch to its answer. */
  readonly p50Ms: number
  readonly p99Ms: number
}

export type ReplayOptions = {
  readonly runners: BatchRunners
  readonly batches: SampleBatches
  readonly batchRows: number
  /** Batches that the workers hold together. */
  readonly inFlight: number
  readonly durationMs: number
  /** Of one batch; a worker that takes longer is killed, and the replay ends. */
  readonly timeoutMs: number
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** A median of fewer says nothing. */
const MIN_BATCHES = 3

/**
 * Keeps all workers busy with batches of one size for a while: each place of a batch gets its next one when the last
 * is answered.
 *
 * @throws ServingError of the first request that failed, naming its sample; WorkerDied
 */
export async function replay(options: ReplayOptions): Promise<Replay> {
  const { clock, durationMs, inFlight } = options
  const startedMs = clock.nowMs()
  const tally: Tally = { requests: 0, rows: 0, durationsMs: [], endMs: startedMs + durationMs }
  await Promise.all(Array.from({ length: inFlight }, () => keepBusy(options, tally)))
  const seconds = (clock.nowMs() - startedMs) / 1000
  const sorted = tally.durationsMs.sort((a, b) => a - b)
  return {
    requestsPerSecond: tally.requests / seconds,
    rowsPerSecond: tally.rows / seconds,
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
  }
}

type Tally = { requests: number; rows: number; readonly durationsMs: number[]; readonly endMs: number }

async function keepBusy(options: ReplayOptions, tally: Tally): Promise<void> {
  const { clock, signal, batches, batchRows } = options
  while (clock.nowMs() < tally.endMs || tally.durationsMs.length < MIN_BATCHES) {
    signal.throwIfAborted()
    const batch = batches.take(batchRows)
    const startedMs = clock.nowMs()
    const { timing } = await runBatch(batch, options)
    tally.durationsMs.push(clock.nowMs() - startedMs)
    tally.requests += batch.requests.length
    tally.rows += timing.rows
  }
}

/** @throws ServingError of the first request that failed, naming its sample; WorkerDied */
export async function runBatch(
  batch: SampleBatch,
  { runners, clock, timeoutMs }: Pick<ReplayOptions, 'runners' | 'clock' | 'timeoutMs'>,
): Promise<BatchResult> {
  const runner = runners.pick(false)
  if (runner === undefined) {
    throw new ServingError('unavailable', 'no worker takes a batch; one may have ended', {
      reason: 'no_worker',
    })
  }
  const cancel = clock.after(timeoutMs, () => {
    killSlow(runner, timeoutMs)
  })
  try {
    const result = await runner.run(batch.requests)
    for (const [index, reply] of result.replies.entries()) {
      if (reply.ok) continue
      const { code, message, reason } = reply.error
      const what = `sample '${batch.samples[index]?.name}' was not answered: ${message}`
      throw new ServingError(code, what, reason === undefined ? {} : { reason })
    }
    return result
  } finally {
    cancel()
  }
}

function killSlow(runner: BatchRunner, timeoutMs: number): void {
  runner.kill('timeout', `a batch took longer than ${timeoutMs} ms (inferenceTimeoutMs)`)
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}
