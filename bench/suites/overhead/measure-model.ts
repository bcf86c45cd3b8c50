import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createArchive } from '../../../archiver-cli/create-archive.ts'
import { startBareServer } from '../../contenders/bare-server.ts'
import type { Contender } from '../../contenders/contender.ts'
import { LoopWatch } from '../../contenders/loop-watch.ts'
import { startOnnxServe } from '../../contenders/onnxserve.ts'
import { SessionLoop } from '../../contenders/session-loop.ts'
import { measureOnce, measurementOf, warmUp, type LoadPlan, type Subject } from '../../measure.ts'
import { takeTurns } from '../../rounds.ts'
import type { BenchContext } from '../suite.ts'
import type { BenchModel } from './bench-models.ts'
import { expectSameAnswer } from './expect-same-answer.ts'
import { memoryOf } from './memory-of.ts'
import type { Plan } from './plan.ts'
import type { Memory, Point } from './results.ts'
import { subjectsOf } from './subjects.ts'

export type Run = { readonly plan: Plan; readonly context: BenchContext }

export type ModelResults = { readonly points: readonly Point[]; readonly memory: Memory }

/** A tick costs a few microseconds, of which there are two hundred a second. */
const LOOP_TICK_MS = 5

/** Each model has a server of its own, so that processor time and memory are the model's alone. */
export async function measureModel(model: BenchModel, run: Run): Promise<ModelResults> {
  const { directory } = run.context
  const modelPath = join(directory, `${model.name}.onnx`)
  const modelStore = mkdtempSync(join(directory, 'store-'))
  writeFileSync(modelPath, model.onnx)
  await createArchive({
    modelName: model.name,
    version: '1.0',
    serializedFile: modelPath,
    exportPath: modelStore,
  })
  const contest = await startContest({ model, modelPath, modelStore }, run)
  try {
    return await measurePoints(contest, run)
  } finally {
    await Promise.all([contest.onnxserve.close(), contest.bare.close(), contest.loop.close()])
  }
}

type Contest = {
  readonly model: BenchModel
  readonly onnxserve: Contender
  readonly bare: Contender
  readonly loop: SessionLoop
}

type Served = { readonly model: BenchModel; readonly modelPath: string; readonly modelStore: string }

async function startContest({ model, modelPath, modelStore }: Served, { context }: Run): Promise<Contest> {
  const { directory, flags } = context
  const bare = await startBareServer(modelPath, new LoopWatch(directory, LOOP_TICK_MS))
  try {
    const options = { modelStore, modelName: model.name, flags, loopTickMs: LOOP_TICK_MS }
    const onnxserve = await startOnnxServe(options)
    const row = [{ name: 'x', dtype: 'FP32', shape: [1, model.layers[0] ?? 0], data: rowOf(model) }] as const
    return {
      ...{ model, onnxserve, bare },
      loop: new SessionLoop({ modelPath, intraOpThreads: 1, isSpinning: false, row }),
    }
  } catch (error) {
    await bare.close()
    throw error
  }
}

function rowOf({ rows }: BenchModel): Float32Array {
  return rows[0] ?? new Float32Array()
}

async function measurePoints(contest: Contest, run: Run): Promise<ModelResults> {
  const subjects = subjectsOf(contest)
  await expectSameAnswer(subjects.json, subjects.bare)
  await expectSameAnswer(subjects.binary, subjects.bare)
  const points: Point[] = []
  for (const connections of run.plan.connections) {
    run.context.log(`${contest.model.name}, ${connections} connections`)
    points.push(...(await measureConnections(contest, connections, run)))
  }
  return { points, memory: memoryOf(contest) }
}

async function measureConnections(
  contest: Contest,
  connections: number,
  { plan, context: { generator } }: Run,
): Promise<Point[]> {
  const { model, loop } = contest
  const subjects = subjectsOf(contest)
  const load: LoadPlan = { ...plan, loop: { kind: 'closed', connections } }
  const run = (subject: Subject) => () => measureOnce(subject, generator, load)
  await warmUp(subjects.bare, generator, load)
  // What the raw loops run is known before the rounds, so that these too can take their turns.
  const jsonRows = batchRowsOf(await warmUp(subjects.json, generator, load))
  const binaryRows = batchRowsOf(await warmUp(subjects.binary, generator, load))
  const raw = (rows: number) => () => loop.run({ rows, durationMs: plan.rawLoopMs })
  const runs = await takeTurns(
    {
      json: run(subjects.json),
      binary: run(subjects.binary),
      bare: run(subjects.bare),
      rawJson: raw(jsonRows),
      rawBinary: raw(binaryRows),
    },
    plan.rounds,
  )
  const common = { model: model.name, connections, bare: measurementOf(runs.bare) }
  const [json, binary] = [measurementOf(runs.json), measurementOf(runs.binary)]
  return [
    { ...common, wire: 'JSON', onnxserve: json, raw: runs.rawJson, rawBatchRows: jsonRows },
    { ...common, wire: 'V2 binary', onnxserve: binary, raw: runs.rawBinary, rawBatchRows: binaryRows },
  ]
}

function batchRowsOf({ batchRows }: { readonly batchRows: number }): number {
  return Math.max(1, Math.round(batchRows))
}
