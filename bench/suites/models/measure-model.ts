import { mkdtempSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { startOnnxServe } from '../../contenders/onnxserve.ts'
import { median } from '../../load/percentile.ts'
import { tensorsRequest } from '../../load/tensors-request.ts'
import { packModel } from '../../models/pack-model.ts'
import type { RealModel } from '../../models/real-models.ts'
import type { BenchContext } from '../suite.ts'
import { loadServer, type ServerLoad } from './load-server.ts'
import { LoopPair, type LoopRun, type SweepPoint } from './loop-pair.ts'
import type { Plan } from './plan.ts'

export type ModelResults = {
  readonly model: RealModel
  readonly weightBytes: number
  readonly sweep: readonly SweepPoint[]
  readonly batchRows: number
  readonly loop: LoopRun
  readonly server: ServerLoad
}

export type Run = { readonly plan: Plan; readonly context: BenchContext }

export async function measureModel(model: RealModel, run: Run): Promise<ModelResults> {
  const { plan, context } = run
  context.log(`${model.name}: the session.run loop`)
  const modelPath = model.write(mkdtempSync(join(context.directory, `${model.name}-`)))
  const loops = new LoopPair(modelPath, model.row)
  try {
    const { sweep, best: batchRows } = await loops.sweep(plan.batchRows, plan.sweepMs)
    const modelStore = mkdtempSync(join(context.directory, 'store-'))
    await packModel({ modelName: model.name, modelPath, modelStore, config: { maxBatchRows: batchRows } })
    const compared = await compare({ model, modelStore, batchRows, loops }, run)
    return { model, weightBytes: weightBytes(modelPath), sweep, batchRows, ...compared }
  } finally {
    await loops.close()
  }
}

function weightBytes(modelPath: string): number {
  const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0
  return sizeOf(modelPath) + sizeOf(`${modelPath}.data`)
}

type Subject = {
  readonly model: RealModel
  readonly modelStore: string
  readonly batchRows: number
  readonly loops: LoopPair
}

/** In turn, in the opposite order every other time, so that a slow minute of the machine hits them alike. */
async function compare(
  subject: Subject,
  { plan, context }: Run,
): Promise<Pick<ModelResults, 'loop' | 'server'>> {
  const { model, modelStore, batchRows: rows, loops } = subject
  const server = await startOnnxServe({ modelStore, modelName: model.name, flags: context.flags })
  const loads: ServerLoad[] = []
  const saturation = {
    generator: context.generator,
    requests: [tensorsRequest(model.name, model.row)],
    // While a batch runs the next one waits, and a third of the clients reads and writes.
    connections: 3 * rows,
    ...plan,
  }
  const steps = [
    () => loops.run({ rows, durationMs: plan.measureMs }),
    async () => void loads.push(await loadServer(server, saturation)),
  ]
  try {
    for (let repeat = 0; repeat < plan.repeats; repeat++) {
      context.log(`${model.name}: ${rows} rows a run, ${repeat + 1} of ${plan.repeats}`)
      for (const step of repeat % 2 === 0 ? steps : [...steps].reverse()) await step()
    }
  } finally {
    await server.close()
  }
  return { loop: loops.faster(), server: medians(loads) }
}

/** Of each number by itself. */
function medians<T extends Readonly<Record<string, number>>>(runs: readonly T[]): T {
  const names = Object.keys(runs[0] ?? {})
  return Object.fromEntries(names.map((name) => [name, median(runs.map((run) => run[name] ?? NaN))])) as T // the same names
}
