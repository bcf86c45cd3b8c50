import { mkdtempSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startOnnxServe, type OnnxServe } from '../contenders/onnxserve.ts'
import { SessionLoop } from '../contenders/session-loop.ts'
import { median } from '../load/percentile.ts'
import { tensorsRequest } from '../load/tensors-request.ts'
import { packModel } from '../models/pack-model.ts'
import { acrossRounds } from '../rounds.ts'
import { bestBatch, type SweepPoint } from '../suites/models/best-batch.ts'
import { loadServer, type ServerLoad } from '../suites/models/load-server.ts'
import type { BenchContext } from '../suites/suite.ts'
import { writeGpuModel, type GpuModel } from './gpu-model.ts'
import { BusySamples, usedMegabytes } from './nvidia-samples.ts'
import type { GpuPlan } from './plan.ts'

export type GpuResults = {
  readonly plan: GpuPlan
  readonly sweep: readonly SweepPoint[]
  readonly batchRows: number
  readonly loopRowsPerSecond: number
  /** Of the loop's throughput, what the server reached in the same round: the median of the rounds. */
  readonly share: number
  readonly server: ServerLoad
  readonly busy: Busy
  readonly memory: MemorySteps
}

export type Busy = {
  /** Time in engine calls, as the worker measured it. */
  readonly byWorkerPercent: number
  /** Undefined without NVIDIA's driver. */
  readonly byDriverPercent: number | undefined
}

/** Of device 0, by every program on it; undefined without NVIDIA's driver. */
export type MemorySteps = {
  readonly beforeMegabytes: number | undefined
  readonly loadedMegabytes: number | undefined
  readonly unloadedMegabytes: number | undefined
}

const MODEL_NAME = 'gpu-model'
/** The driver tells of an ended process' memory a moment later. */
const SETTLING_MS = 1000

/** The session.run loop on the device, and then the server; never both at once, since both want all of it. */
export async function measureGpu(plan: GpuPlan, context: BenchContext): Promise<GpuResults> {
  const model = writeGpuModel(plan, mkdtempSync(join(context.directory, 'model-')))
  context.log(`${plan.model}: the session.run loop on ${plan.provider}`)
  const { sweep, best: batchRows } = await withLoop(model, plan, (loop) => sweepOf(loop, plan))
  const modelStore = mkdtempSync(join(context.directory, 'store-'))
  await packModel({
    modelName: MODEL_NAME,
    modelPath: model.modelPath,
    modelStore,
    config: {
      maxBatchRows: batchRows,
      maxQueuedRequests: 4 * plan.connections,
      executionProviders: [plan.provider],
    },
  })
  const loops: number[] = []
  const runs: ServerRun[] = []
  for (let repeat = 0; repeat < plan.repeats; repeat++) {
    context.log(`${plan.model}: ${batchRows} rows a run, ${repeat + 1} of ${plan.repeats}`)
    const job = { rows: batchRows, durationMs: plan.measureMs }
    loops.push((await withLoop(model, plan, (loop) => loop.run(job))).rowsPerSecond)
    runs.push(await measureServer({ plan, context, model, modelStore }))
  }
  const share = acrossRounds(runs, loops, ({ server }, loop) => server.rowsPerSecond / loop)
  return { plan, sweep, batchRows, loopRowsPerSecond: median(loops), share, ...mediansOf(runs) }
}

async function withLoop<T>(
  { modelPath, row }: GpuModel,
  { provider }: GpuPlan,
  use: (loop: SessionLoop) => Promise<T>,
): Promise<T> {
  const intraOpThreads = availableParallelism()
  const loop = new SessionLoop({ modelPath, row, provider, intraOpThreads, isSpinning: false })
  try {
    return await use(loop)
  } finally {
    await loop.close()
  }
}

async function sweepOf(loop: SessionLoop, { batchRows, sweepMs }: GpuPlan) {
  const sweep: SweepPoint[] = []
  for (const rows of batchRows) {
    const { rowsPerSecond } = await loop.run({ rows, durationMs: sweepMs })
    sweep.push({ rows, rowsPerSecond })
  }
  return { sweep, best: bestBatch(sweep) }
}

type ServerRun = Pick<GpuResults, 'server' | 'busy' | 'memory'>

type ServerSubject = {
  readonly plan: GpuPlan
  readonly context: BenchContext
  readonly model: GpuModel
  readonly modelStore: string
}

async function measureServer({ plan, context, model, modelStore }: ServerSubject): Promise<ServerRun> {
  const beforeMegabytes = usedMegabytes()
  const server = await startOnnxServe({ modelStore, modelName: MODEL_NAME, flags: context.flags })
  try {
    const loadedMegabytes = usedMegabytes()
    const samples = new BusySamples()
    const busyBefore = await busySeconds(server)
    const startedAtMs = performance.now()
    const load = await loadServer(server, {
      generator: context.generator,
      requests: [tensorsRequest(MODEL_NAME, model.row)],
      ...plan,
    })
    const elapsedSeconds = (performance.now() - startedAtMs) / 1000
    // Both over the warm-up too: the load is the same there.
    const byWorkerPercent = (100 * ((await busySeconds(server)) - busyBefore)) / elapsedSeconds
    const byDriverPercent = await samples.stop()
    const unloadedMegabytes = await memoryAfterUnload(server)
    return {
      server: load,
      busy: { byWorkerPercent, byDriverPercent },
      memory: { beforeMegabytes, loadedMegabytes, unloadedMegabytes },
    }
  } finally {
    await server.close()
  }
}

async function busySeconds(server: OnnxServe): Promise<number> {
  const lines = (await server.metrics()).matchAll(/^onnxserve_device_busy_seconds_total\S* (\S+)$/gm)
  return [...lines].reduce((sum, [, value]) => sum + Number(value), 0)
}

async function memoryAfterUnload({ management }: OnnxServe): Promise<number | undefined> {
  const { status } = await fetch(`${management}/models/${MODEL_NAME}`, { method: 'DELETE' })
  if (status !== 200) throw new Error(`unregistering the model was answered ${status}`)
  if (usedMegabytes() === undefined) return undefined
  await delay(SETTLING_MS)
  return usedMegabytes()
}

/** The run whose throughput is the median speaks for the others. */
function mediansOf(runs: readonly ServerRun[]): ServerRun {
  const sorted = [...runs].sort((a, b) => a.server.rowsPerSecond - b.server.rowsPerSecond)
  const middle = sorted[Math.floor((sorted.length - 1) / 2)]
  if (middle === undefined) throw new Error('the plan has no repeats')
  return middle
}
