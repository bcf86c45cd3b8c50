import type { BatchCount, Contender } from './contenders/contender.ts'
import type { LoopDelay } from './contenders/loop-watch.ts'
import type { ClosedLoop, LoadRequest, LoadResult, OpenLoop } from './load/job.ts'
import type { LoadGenerator } from './load/load-generator.ts'
import { median } from './load/percentile.ts'
import { cpuMs } from './process-usage.ts'
import { takeTurns } from './rounds.ts'

/** What one subject did under one load in one run. */
export type Run = {
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p90Ms: number
  readonly p99Ms: number
  readonly frontendCpuMicros: number
  readonly workerCpuMicros: number
  readonly generatorCpuMicros: number
  /** Of one processor: near 1 the generator is what is measured. */
  readonly generatorShare: number
  /** Rows per engine call; 1 where the contender does not batch. */
  readonly batchRows: number
  /** How late a timer of the frontend was; NaN of a contender that is not watched. */
  readonly loopP99Ms: number
  readonly loopLongestMs: number
}

/** The median of each number over the runs of a subject. */
export type Measurement = Run & {
  /** Of the throughput: (largest − smallest) ÷ median of the runs. */
  readonly spread: number
  /** In the order of the rounds, in each of which every subject has one run. */
  readonly runs: readonly Run[]
}

/** A server and what it is asked. */
export type Subject = { readonly contender: Contender; readonly requests: readonly LoadRequest[] }

export type RunPlan = {
  readonly loop: ClosedLoop | OpenLoop
  /** Under load but not measured, at the start of each run: connections are opened. */
  readonly leadInMs: number
  readonly measureMs: number
}

export type LoadPlan = RunPlan & {
  readonly rounds: number
  /** For each subject once, before the first round. */
  readonly warmUpMs: number
}

/** Measures the subjects in turn, round by round: see {@link takeTurns}. */
export async function measureAlternating<Name extends string>(
  subjects: Readonly<Record<Name, Subject>>,
  generator: LoadGenerator,
  plan: LoadPlan,
): Promise<Record<Name, Measurement>> {
  const entries = Object.entries<Subject>(subjects)
  for (const [, subject] of entries) await warmUp(subject, generator, plan)
  const steps = entries.map(([name, subject]) => [name, () => measureOnce(subject, generator, plan)] as const)
  const runs = await takeTurns(Object.fromEntries(steps), plan.rounds)
  const measured = Object.entries(runs).map(([name, each]) => [name, measurementOf(each)] as const)
  return Object.fromEntries(measured) as Record<Name, Measurement> // one for each of the names
}

export function warmUp(subject: Subject, generator: LoadGenerator, plan: LoadPlan): Promise<Run> {
  return measureOnce(subject, generator, { ...plan, measureMs: plan.warmUpMs })
}

/** @throws when any answer is not 2xx: a run with failures is not a measurement */
export async function measureOnce(
  { contender, requests }: Subject,
  generator: LoadGenerator,
  { loop, leadInMs: warmUpMs, measureMs }: RunPlan,
): Promise<Run> {
  const batchesBefore = await contender.batches?.()
  let before = { frontend: 0, workers: 0 }
  const job = { port: contender.port, requests, loop, warmUpMs, measureMs }
  const load = await generator.run(job, () => {
    before = cpuOf(contender)
    contender.loopWatch?.restart()
  })
  const after = cpuOf(contender)
  const loopDelay = await contender.loopWatch?.read()
  expectAllAccepted(load, requests[0]?.path ?? '')
  return {
    requestsPerSecond: (load.requests * 1000) / load.elapsedMs,
    p50Ms: load.accepted.p50Ms,
    p90Ms: load.accepted.p90Ms,
    p99Ms: load.accepted.p99Ms,
    frontendCpuMicros: ((after.frontend - before.frontend) * 1000) / load.requests,
    workerCpuMicros: ((after.workers - before.workers) * 1000) / load.requests,
    generatorCpuMicros: (load.generatorCpuMs * 1000) / load.requests,
    generatorShare: load.generatorCpuMs / load.elapsedMs,
    batchRows: meanRows(batchesBefore, await contender.batches?.()),
    ...delaysOf(loopDelay),
  }
}

function delaysOf(delay: LoopDelay | undefined): Pick<Run, 'loopP99Ms' | 'loopLongestMs'> {
  return { loopP99Ms: delay?.p99Ms ?? NaN, loopLongestMs: delay?.longestMs ?? NaN }
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

export function measurementOf(runs: readonly Run[]): Measurement {
  const of = (pick: (run: Run) => number) => median(runs.map(pick))
  const rates = runs.map((run) => run.requestsPerSecond)
  return {
    requestsPerSecond: of((run) => run.requestsPerSecond),
    p50Ms: of((run) => run.p50Ms),
    p90Ms: of((run) => run.p90Ms),
    p99Ms: of((run) => run.p99Ms),
    frontendCpuMicros: of((run) => run.frontendCpuMicros),
    workerCpuMicros: of((run) => run.workerCpuMicros),
    generatorCpuMicros: of((run) => run.generatorCpuMicros),
    generatorShare: of((run) => run.generatorShare),
    batchRows: of((run) => run.batchRows),
    loopP99Ms: of((run) => run.loopP99Ms),
    loopLongestMs: of((run) => run.loopLongestMs),
    spread: (Math.max(...rates) - Math.min(...rates)) / median(rates),
    runs,
  }
}
