import type { ErrorCode, ServingError } from '../../worker/contract/errors.ts'
import type { BatchResponse, BatchTiming, Operation } from '../../worker/contract/messages.ts'
import type { ModelId } from '../../worker/contract/model-id.ts'
import type { Clock } from './clock.ts'

/** How often something happened, and how long that took in all. */
export type DurationTotal = { readonly count: number; readonly ns: number }

/** Where the time of executed batches went. */
export type ComputeTotals = {
  readonly computeInput: DurationTotal
  readonly computeInfer: DurationTotal
  readonly computeOutput: DurationTotal
}

export type BatchStatistics = ComputeTotals & { readonly batchRows: number }

/**
 * Why requests got no answer: they were refused, or waited too long; their client left; the worker failed; anything
 * else, mostly what was wrong with them.
 */
export const FAILURE_REASONS = ['REJECTED', 'CANCELED', 'BACKEND', 'OTHER'] as const
export type FailureReason = (typeof FAILURE_REASONS)[number]

/** What a version has done since it was loaded. */
export type VersionStatistics = ComputeTotals & {
  readonly model: ModelId
  /** Since 1970; 0 before the first answer. */
  readonly lastInferenceAtMs: number
  /** Rows of answered requests; with `executionCount`, the mean size of a batch. */
  readonly inferenceCount: number
  /** Engine calls. */
  readonly executionCount: number
  /** Of requests that were admitted and have ended, from arrival to answer: one or the other counts each of them. */
  readonly success: DurationTotal
  readonly fail: DurationTotal
  /**
   * Of answered requests, as are the compute totals of the version: a request counts the time of its whole batch.
   */
  readonly queue: DurationTotal
  /** Of engine calls by their rows, ascending. A batch that took several calls counts its time for each by its rows. */
  readonly batchStats: readonly BatchStatistics[]
  /** `REJECTED` holds those refused at admission, too, which `fail` does not. */
  readonly failures: Readonly<Record<FailureReason, number>>
  /** Requests that wait for a worker now. */
  readonly pendingRequests: number
  /** From the start of its workers until they were warm, the last time. */
  readonly loadMs: number
}

export type StatisticsFacts = Pick<VersionStatistics, 'model' | 'pendingRequests' | 'loadMs'>

type Sum = readonly [count: number, ms: number]
type ComputeSums = readonly [input: Sum, infer: Sum, output: Sum]

/** What was counted by one process and is to be added to what another has counted. Plain data. */
export type StatisticsDelta = {
  readonly success: Sum
  readonly fail: Sum
  readonly queue: Sum
  readonly compute: ComputeSums
  readonly byRows: readonly (readonly [rows: number, sums: ComputeSums])[]
  readonly failures: Readonly<Record<FailureReason, number>>
  readonly rows: number
  readonly runs: number
  /** How long ago the last answer was; absent: there was none. */
  readonly lastAgoMs: number | undefined
}

/** An answered request. */
export type Answered = {
  readonly response: Pick<BatchResponse, 'rows'>
  readonly timing: BatchTiming
  readonly queueMs: number
}

/** Counts what happens to a version. A request costs it a few additions, and no memory. */
export class Statistics {
  readonly #clock: Clock
  #counts = new Counts()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Begins anew: the version is loaded again. */
  reset(): void {
    this.#counts = new Counts()
  }

  requestAnswered(
    { response, timing, queueMs }: Answered,
    totalMs: number,
    operation: Operation = 'predict',
  ): void {
    const counts = this.#counts
    counts.success.add(totalMs)
    if (operation !== 'predict') return
    counts.rows += response.rows ?? 1
    counts.queue.add(queueMs)
    counts.compute.add(timing, 1)
    counts.lastAtMs = this.#clock.nowMs()
  }

  requestFailed(error: ServingError, totalMs: number): void {
    this.#counts.fail.add(totalMs)
    this.#counts.failures[failureReasonOf(error)] += 1
  }

  /** It was refused at admission. */
  requestRejected(): void {
    this.#counts.failures.REJECTED += 1
  }

  batchFinished(timing: BatchTiming): void {
    const { rows, runs, rowsOfRuns } = timing
    this.#counts.runs += runs
    if (rowsOfRuns === undefined) {
      if (runs === 1) this.#counts.batchOf(rows).add(timing, 1)
      return
    }
    const all = rowsOfRuns.reduce((sum, each) => sum + each, 0)
    for (const each of rowsOfRuns) {
      this.#counts.batchOf(each).add(timing, all === 0 ? 1 / rowsOfRuns.length : each / all)
    }
  }

  /** Hands over what was counted, and begins anew; undefined when that is nothing. */
  take(): StatisticsDelta | undefined {
    const counts = this.#counts
    if (counts.isEmpty) return undefined
    this.#counts = new Counts()
    return counts.asDelta(this.#clock.nowMs())
  }

  /** Adds what another process has counted of this version. */
  add(delta: StatisticsDelta): void {
    this.#counts.add(delta, this.#clock.nowMs())
  }

  read(facts: StatisticsFacts): VersionStatistics {
    const counts = this.#counts
    return {
      ...facts,
      lastInferenceAtMs: this.#epochMs(counts.lastAtMs),
      inferenceCount: counts.rows,
      executionCount: counts.runs,
      success: counts.success.read(),
      fail: counts.fail.read(),
      queue: counts.queue.read(),
      ...counts.compute.read(),
      batchStats: counts.batches(),
      failures: { ...counts.failures },
    }
  }

  #epochMs(clockMs: number | undefined): number {
    return clockMs === undefined ? 0 : Math.round(Date.now() - (this.#clock.nowMs() - clockMs))
  }
}

class Total {
  #count = 0
  #ms = 0

  add(ms: number): void {
    this.#count += 1
    this.#ms += ms
  }

  read(): DurationTotal {
    return { count: this.#count, ns: Math.round(this.#ms * 1e6) }
  }

  get sum(): Sum {
    return [this.#count, this.#ms]
  }

  addSum([count, ms]: Sum): void {
    this.#count += count
    this.#ms += ms
  }
}

class ComputeTotal {
  readonly #input = new Total()
  readonly #infer = new Total()
  readonly #output = new Total()

  /** @param share of the batch's time */
  add({ preprocessMs, inferenceMs, postprocessMs }: BatchTiming, share: number): void {
    this.#input.add(preprocessMs * share)
    this.#infer.add(inferenceMs * share)
    this.#output.add(postprocessMs * share)
  }

  get sums(): ComputeSums {
    return [this.#input.sum, this.#infer.sum, this.#output.sum]
  }

  addSums([input, infer, output]: ComputeSums): void {
    this.#input.addSum(input)
    this.#infer.addSum(infer)
    this.#output.addSum(output)
  }

  read(): ComputeTotals {
    return {
      computeInput: this.#input.read(),
      computeInfer: this.#infer.read(),
      computeOutput: this.#output.read(),
    }
  }
}

class Counts {
  readonly success = new Total()
  readonly fail = new Total()
  readonly queue = new Total()
  readonly compute = new ComputeTotal()
  readonly failures: Record<FailureReason, number> = { REJECTED: 0, CANCELED: 0, BACKEND: 0, OTHER: 0 }
  readonly #byRows = new Map<number, ComputeTotal>()
  rows = 0
  runs = 0
  lastAtMs: number | undefined

  /** There are no more of them than a batch may have rows, but for graphs that take what a request brings. */
  batchOf(rows: number): ComputeTotal {
    let total = this.#byRows.get(rows)
    if (total === undefined) this.#byRows.set(rows, (total = new ComputeTotal()))
    return total
  }

  get isEmpty(): boolean {
    const failures = Object.values(this.failures).reduce((sum, each) => sum + each, 0)
    return this.runs + this.success.sum[0] + this.fail.sum[0] + failures === 0
  }

  asDelta(nowMs: number): StatisticsDelta {
    const { success, fail, queue, compute, failures, rows, runs, lastAtMs } = this
    return {
      success: success.sum,
      fail: fail.sum,
      queue: queue.sum,
      compute: compute.sums,
      byRows: [...this.#byRows].map(([each, total]) => [each, total.sums]),
      failures,
      rows,
      runs,
      lastAgoMs: lastAtMs === undefined ? undefined : nowMs - lastAtMs,
    }
  }

  add(delta: StatisticsDelta, nowMs: number): void {
    this.success.addSum(delta.success)
    this.fail.addSum(delta.fail)
    this.queue.addSum(delta.queue)
    this.compute.addSums(delta.compute)
    for (const [rows, sums] of delta.byRows) this.batchOf(rows).addSums(sums)
    for (const reason of FAILURE_REASONS) this.failures[reason] += delta.failures[reason]
    this.rows += delta.rows
    this.runs += delta.runs
    if (delta.lastAgoMs === undefined) return
    this.lastAtMs = Math.max(this.lastAtMs ?? Number.NEGATIVE_INFINITY, nowMs - delta.lastAgoMs)
  }

  batches(): BatchStatistics[] {
    const sorted = [...this.#byRows].sort(([a], [b]) => a - b)
    return sorted.map(([batchRows, total]) => ({ batchRows, ...total.read() }))
  }
}

const FAILURE_OF_CODE: Readonly<Partial<Record<ErrorCode, FailureReason>>> = {
  cancelled: 'CANCELED',
  resource_exhausted: 'REJECTED',
  unavailable: 'BACKEND',
  internal: 'BACKEND',
}

function failureReasonOf({ code, reason }: ServingError): FailureReason {
  if (code === 'deadline_exceeded') return reason === 'worker' ? 'BACKEND' : 'REJECTED'
  if (reason === 'worker_memory') return 'BACKEND'
  return FAILURE_OF_CODE[code] ?? 'OTHER'
}
