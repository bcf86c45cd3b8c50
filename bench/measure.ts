import type { BatchCount, Contender, Pair } from './contenders/contender.ts'
import type { LoadGenerator } from './load/load-generator.ts'
import { median } from './load/percentile.ts'
import { cpuMs } from './process-usage.ts'
import type { Plan } from './scenarios.ts'

/** What one contender did at one number of connections. */
export type Measurement = {
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly frontendCpuMicros: number
  readonly workerCpuMicros: number
  /** Rows per engine call; 1 where the contender does not batch. */
  readonly batchRows: number
}

export type MeasureOptions = {
  readonly generator: LoadGenerator
  readonly bodies: readonly string[]
  readonly connections: number
  readonly plan: Plan
}

/**
 * Measures the contenders in turn, in alternating order, and takes the median of each number: a slow minute of the
 * machine hits them alike.
 */
export async function measureAlternating(
  contenders: Pair<Contender>,
  options: MeasureOptions,
): Promise<Pair<Measurement>> {
  const runs: Pair<Measurement[]> = { onnxserve: [], bare: [] }
  for (let repeat = 0; repeat < options.plan.repeats; repeat++) {
    const order = repeat % 2 === 0 ? (['onnxserve', 'bare'] as const) : (['bare', 'onnxserve'] as const)
    for (const name of order) runs[name].push(await measureOnce(contenders[name], options))
  }
  return { onnxserve: medianOf(runs.onnxserve), bare: medianOf(runs.bare) }
}

async function measureOnce(contender: Contender, options: MeasureOptions): Promise<Measurement> {
  const { generator, bodies, connections, plan } = options
  const { port, path, frontendPid } = contender
  const { warmUpMs, measureMs } = plan
  const batchesBefore = await contender.batches?.()
  let before = { frontend: 0, workers: 0 }
  const job = { port, path, bodies, connections, warmUpMs, measureMs }
  const load = await generator.run(job, () => (before = cpuOf(contender)))
  const after = cpuOf(contender)
  if (load.failures > 0 || load.requests === 0) {
    throw new Error(
      `${load.failures} requests to ${path} of process ${frontendPid} failed: ${load.firstFailure ?? ''}`,
    )
  }
  const batchesAfter = await contender.batches?.()
  return {
    requestsPerSecond: (load.requests * 1000) / load.elapsedMs,
    p50Ms: load.p50Ms,
    p99Ms: load.p99Ms,
    frontendCpuMicros: ((after.frontend - before.frontend) * 1000) / load.requests,
    workerCpuMicros: ((after.workers - before.workers) * 1000) / load.requests,
    batchRows: meanRows(batchesBefore, batchesAfter),
  }
}

function cpuOf(contender: Contender): { frontend: number; workers: number } {
  return {
    frontend: cpuMs(contender.frontendPid),
    workers: contender.workerPids().reduce((sum, pid) => sum + cpuMs(pid), 0),
  }
}

function meanRows(before: BatchCount | undefined, after: BatchCount | undefined): number {
  if (before === undefined || after === undefined) return 1
  return (after.rows - before.rows) / (after.batches - before.batches)
}

function medianOf(runs: readonly Measurement[]): Measurement {
  const of = (pick: (run: Measurement) => number) => median(runs.map(pick))
  return {
    requestsPerSecond: of((run) => run.requestsPerSecond),
    p50Ms: of((run) => run.p50Ms),
    p99Ms: of((run) => run.p99Ms),
    frontendCpuMicros: of((run) => run.frontendCpuMicros),
    workerCpuMicros: of((run) => run.workerCpuMicros),
    batchRows: of((run) => run.batchRows),
  }
}
