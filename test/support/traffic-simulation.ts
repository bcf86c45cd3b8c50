import type { InstanceReport, RequestPayload } from '../../worker/contract/messages.ts'
import { ServingError } from '../../worker/contract/errors.ts'
import type { RequestHead } from '../../frontend/core/data-plane.ts'
import { EventBus } from '../../frontend/core/events.ts'
import { ModelVersion } from '../../frontend/core/model-version.ts'
import type { VersionSettings } from '../../frontend/core/settings.ts'
import { WorkerSetFactory } from '../../frontend/core/workers/worker-set-factory.ts'
import { artefact, settings } from './artefacts.ts'
import { FakeWorkers, type FakeBatch } from './fake-worker-process.ts'
import { seededRandom } from './random.ts'
import { SimulatedClock } from './simulated-clock.ts'

export type Simulation = {
  readonly seed: number
  /** Requests a second, by a Poisson process. */
  readonly perSecond: number
  readonly seconds: number
  readonly settings: Partial<VersionSettings>
  /** Time of a batch of so many rows, before it varies by 15 % either way. */
  readonly batchMs: (rows: number, nowMs: number) => number
  /** Elements of a request's row, for requests that differ in shape; absent: all are alike. */
  readonly lengthOf?: (random: () => number) => number
}

/** A request that was admitted. */
export type Served = {
  readonly atMs: number
  readonly length: number
  readonly totalMs: number
  readonly queueMs: number
  readonly isOk: boolean
}

export type Traffic = {
  readonly offered: number
  readonly refused: number
  readonly served: readonly Served[]
  readonly batchSizes: readonly number[]
}

const JITTER = 0.15
const NEVER = new AbortController().signal

/** Runs traffic against a version over fake workers that take their time, from a standing start. */
export async function simulate(given: Simulation): Promise<Traffic> {
  const random = seededRandom(given.seed)
  const clock = new SimulatedClock()
  const batchSizes: number[] = []
  const onBatch = (batch: FakeBatch) => {
    const rows = batch.requests.length
    batchSizes.push(rows)
    const ms = given.batchMs(rows, clock.nowMs()) * (1 + JITTER * (2 * random() - 1))
    clock.after(ms, () => {
      batch.answer()
    })
  }
  const version = await versionOf(
    given,
    clock,
    new FakeWorkers({ loads: true, onBatch, report: reportOf(given) }),
  )
  const served: Served[] = []
  let offered = 0
  let refused = 0
  let atMs = clock.nowMs()
  const endMs = atMs + 1000 * given.seconds
  for (;;) {
    atMs += (-Math.log(1 - random()) * 1000) / given.perSecond
    if (atMs > endMs) break
    await clock.runUntil(atMs)
    offered += 1
    const length = given.lengthOf?.(random) ?? 1
    try {
      version.acquire(headOf(offered))
    } catch (error) {
      if (!(error instanceof ServingError)) throw error
      refused += 1
      continue
    }
    const arrivedAtMs = atMs
    void version.run(headOf(offered), { arrivedAtMs, payload: payloadOf(length) }).then((outcome) => {
      version.release()
      const totalMs = clock.nowMs() - arrivedAtMs
      served.push({ atMs: arrivedAtMs, length, totalMs, queueMs: outcome.queueMs, isOk: outcome.ok })
    })
  }
  await clock.runUntil(endMs + 10_000)
  return { offered, refused, served, batchSizes }
}

/** Rows of any length, and what the warm-up took. */
function reportOf({ batchMs, settings: { maxBatchRows = 1 } }: Simulation): Partial<InstanceReport> {
  return {
    inputs: [{ name: 'x', dtype: 'FP32', shape: ['batch', 'length'] }],
    outputs: [{ name: 'y', dtype: 'FP32', shape: ['batch', 3] }],
    warmUps: [1, maxBatchRows].map((rows) => ({ rows, ms: batchMs(rows, 0) })),
  }
}

async function versionOf(
  { settings: changes }: Simulation,
  clock: SimulatedClock,
  workers: FakeWorkers,
): Promise<ModelVersion> {
  const given = settings({
    maxBatchRows: 16,
    maxQueuedRequests: 1000,
    inferenceTimeoutMs: 120_000,
    ...changes,
  })
  const version = new ModelVersion({
    artefact: artefact(),
    settings: given,
    loadedAtStartup: false,
    workerSets: new WorkerSetFactory({
      cpus: 2,
      findings: { find: async () => [] },
      startProcess: workers.start,
      clock,
      random: () => 1,
    }),
    events: new EventBus(),
    clock,
  })
  await version.scale(given)
  return version
}

function headOf(number: number): RequestHead {
  return { requestId: String(number), model: { name: 'm' }, headers: {}, signal: NEVER }
}

function payloadOf(length: number): RequestPayload {
  const data = new Float32Array(length)
  return { kind: 'tensors', tensors: [{ name: 'x', dtype: 'FP32', shape: [1, length], data }] }
}

/** Requests a second that were answered within this time, over the whole run. */
export function goodput(
  { served }: Traffic,
  { seconds, withinMs }: { seconds: number; withinMs: number },
): number {
  return served.filter(({ isOk, totalMs }) => isOk && totalMs <= withinMs).length / seconds
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}
