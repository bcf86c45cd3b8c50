import type { BatchCount, Contender } from './contenders/contender.ts'
import type { ClosedLoop, LoadRequest, LoadResult, OpenLoop } from './load/job.ts'
import type { LoadGenerator } from './load/load-generator.ts'
import { median } from './load/percentile.ts'
import { cpuMs } from './process-usage.ts'

/** What one subject did under one load: the median of each number over the repeats. */
export type Measurement = {
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p90Ms: number
  readonly p99Ms: number
  readonly frontendCpuMicros: number
  readonly workerCpuMicros: number
  readonly generatorCpuMicros: number
  /** Rows per engine call; 1 where the contender does not batch. */
  readonly batchRows: number
  /** Of the throughput: (largest − smallest) ÷ median of the repeats. */
  readonly spread: number
}

/** A server and what it is asked. */
export type Subject = { readonly contender: Contender; readonly requests: readonly LoadRequest[] }

export type LoadPlan = {
  readonly loop: ClosedLoop | OpenLoop
  readonly repeats: number
  readonly warmUpMs: number
  readonly measureMs: number
}

/**
 * Measures the subjects in turn, every other round in reverse, and takes the median of each number: a slow minute of
 * the machine hits them alike.
 */
export async function measureAlternating<Name extends string>(
  subjects: Readonly<Record<Name, Subject>>,
  generator: LoadGenerator,
  plan: LoadPlan,
): Promise<Record<Name, Measurement>> {
  const names = Object.keys(subjects) as Name[] // the keys of a record are its names
  const runs = new Map<Name, Measurement[]>(names.map((name) => [name, []]))
  for (let repeat = 0; repeat < plan.repeats; repeat++) {
    const order = repeat % 2 === 0 ? names : names.toReversed()
    for (const name of order) runs.get(name)?.push(await measureOnce(subjects[name], generator, plan))
  }
  const medians = names.map((name) => [name, medianOf(runs.get(name) ?? [])])
  return Object.fromEntries(medians) as Record<Name, Measurement> // one for each of the names
}

/** @throws when any answer is not 2xx: a run with failures is not a measurement */
export async function measureOnce(
  { contender, requests }: Subject,
  generator: LoadGenerator,
  { loop, warmUpMs, measureMs }: LoadPlan,
): Promise<Measurement> {
  const batchesBefore = await contender.batches?.()
  let before = { frontend: 0, workers: 0 }
  const job = { port: contender.port, requests, loop, warmUpMs, measureMs }
  const load = await generator.run(job, () => (before = cpuOf(contender)))
  const after = cpuOf(contender)
  expectAllAccepted(load, requests[0]?.path ?? '')
  return {
    requestsPerSecond: (load.requests * 1000) / load.elapsedMs,
    p50Ms: load.accepted.p50Ms,
    p90Ms: load.accepted.p90Ms,
    p99Ms: load.accepted.p99Ms,
    frontendCpuMicros: ((after.frontend - before.frontend) * 1000) / load.requests,
    workerCpuMicros: ((after.workers - before.workers) * 1000) / load.requests,
    generatorCpuMicros: (load.generatorCpuMs * 1000) / load.requests,
    batchRows: meanRows(batchesBefore, await contender.batches?.()),
    spread: 0,
  }
}

export function expectAllAccepted(load: LoadResult, what: string): void {
  const { requests, refused, broken, firstRefusal = '' } = load
  if (requests > 0 && refused.count === 0 && broken === 0) return
  throw new Error(
    `${what}: of ${requests} answers ${refused.count} were not 2xx, and ${broken} connections broke. ${firstRefusal}`,
  )
}

/** Processor time since their starts. */
export function cpuOf({ frontendPid, workerPids }: Contender): { frontend: number; workers: number } {
  return {
    frontend: cpuMs(frontendPid),
    workers: workerPids().reduce((sum, pid) => sum + cpuMs(pid), 0),
  }
}

export function meanRows(before: BatchCount | undefined, after: BatchCount | undefined): number {
  if (before === undefined || after === undefined) return 1
  return (after.rows - before.rows) / (after.batches - before.batches)
}

export function medianOf(runs: readonly Measurement[]): Measurement {
  const of = (pick: (run: Measurement) => number) => median(runs.map(pick))
  const rates = runs.map((run) => run.requestsPerSecond)
  return {
    requestsPerSecond: of((run) => run.requestsPerSecond),
    p50Ms: of((run) => run.p50Ms),
    p90Ms: of((run) => run.p90Ms),
    p99Ms: of((run) => run.p99Ms),
    frontendCpuMicros: of((run) => run.frontendCpuMicros),
    workerCpuMicros: of((run) => run.workerCpuMicros),
    generatorCpuMicros: of((run) => run.generatorCpuMicros),
    batchRows: of((run) => run.batchRows),
    spread: (Math.max(...rates) - Math.min(...rates)) / median(rates),
  }
}
