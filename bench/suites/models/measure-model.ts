import { mkdtempSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { startOnnxServe } from '../../contenders/onnxserve.ts'
import { median } from '../../load/percentile.ts'
import { tensorsRequest } from '../../load/tensors-request.ts'
import { packModel } from '../../models/pack-model.ts'
import type { RealModel } from '../../models/real-models.ts'
import { takeTurns } from '../../rounds.ts'
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
  /** The median of each number, and the runs, one a round. */
  readonly server: ServerLoad & { readonly runs: readonly ServerLoad[] }
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

async function compare(
  subject: Subject,
  { plan, context }: Run,
): Promise<Pick<ModelResults, 'loop' | 'server'>> {
  const { model, modelStore, batchRows: rows, loops } = subject
  context.log(`${model.name}: ${rows} rows a run, loop and server in turn`)
  const server = await startOnnxServe({ modelStore, modelName: model.name, flags: context.flags })
  const saturation = {
    generator: context.generator,
    requests: [tensorsRequest(model.name, model.row)],
    // While a batch runs the next one waits, and a third of the clients reads and writes.
    connections: 3 * rows,
    ...plan,
  }
  try {
    const runs = await takeTurns(
      {
        loop: () => loops.run({ rows, durationMs: plan.measureMs }),
        server: () => loadServer(server, saturation),
      },
      plan.rounds,
    )
    return { loop: loops.faster(), server: { ...medians(runs.server), runs: runs.server } }
  } finally {
    await server.close()
  }
}

/** Of each number by itself. */
function medians<T extends Readonly<Record<string, number>>>(runs: readonly T[]): T {
  const names = Object.keys(runs[0] ?? {})
  return Object.fromEntries(names.map((name) => [name, median(runs.map((run) => run[name] ?? NaN))])) as T // the same names
}
