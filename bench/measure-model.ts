import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createArchive } from '../archiver-cli/create-archive.ts'
import { startBareServer } from './contenders/bare-server.ts'
import type { Contender, Pair } from './contenders/contender.ts'
import { startOnnxServe } from './contenders/onnxserve.ts'
import { runRawLoop } from './contenders/raw-loop.ts'
import { expectSameAnswer } from './expect-same-answer.ts'
import type { LoadGenerator } from './load/load-generator.ts'
import { measureAlternating } from './measure.ts'
import { privateBytes, residentBytes } from './process-usage.ts'
import type { Memory, Point } from './results.ts'
import type { BenchModel, Plan } from './scenarios.ts'

export type Run = {
  readonly plan: Plan
  readonly generator: LoadGenerator
  /** For the models and their stores. */
  readonly directory: string
  /** Further flags of the server. */
  readonly flags: readonly string[]
}

export type ModelResults = { readonly points: readonly Point[]; readonly memory: Memory }

/** Each model has a server of its own, so that processor time and memory are the model's alone. */
export async function measureModel(model: BenchModel, run: Run): Promise<ModelResults> {
  const serializedFile = join(run.directory, `${model.name}.onnx`)
  const modelStore = mkdtempSync(join(run.directory, 'store-'))
  writeFileSync(serializedFile, model.onnx)
  await createArchive({ modelName: model.name, version: '1.0', serializedFile, exportPath: modelStore })
  const bare = await startBareServer(serializedFile)
  try {
    const onnxserve = await startOnnxServe({ modelStore, modelName: model.name, flags: run.flags })
    try {
      return await measurePoints({ model, modelPath: serializedFile, contenders: { onnxserve, bare } }, run)
    } finally {
      await onnxserve.close()
    }
  } finally {
    await bare.close()
  }
}

type Subject = {
  readonly model: BenchModel
  readonly modelPath: string
  readonly contenders: Pair<Contender>
}

async function measurePoints(subject: Subject, run: Run): Promise<ModelResults> {
  const { model, contenders } = subject
  await expectSameAnswer(contenders, model.bodies[0] ?? '')
  const points: Point[] = []
  for (const connections of run.plan.connections) points.push(await measurePoint(subject, connections, run))
  return { points, memory: memoryOf(model, contenders.onnxserve) }
}

async function measurePoint(subject: Subject, connections: number, { plan, generator }: Run): Promise<Point> {
  const { model, modelPath, contenders } = subject
  console.error(`${model.name}, ${connections} connections`)
  const load = { generator, bodies: model.bodies, connections, plan }
  const { onnxserve, bare } = await measureAlternating(contenders, load)
  const rawBatchRows = Math.max(1, Math.round(onnxserve.batchRows))
  const columns = model.layers[0] ?? 0
  const rawRowsPerSecond = await runRawLoop({
    modelPath,
    rows: rawBatchRows,
    columns,
    durationMs: plan.rawLoopMs,
  })
  return { model: model.name, connections, onnxserve, bare, rawRowsPerSecond, rawBatchRows }
}

function memoryOf({ name, onnx }: BenchModel, onnxserve: Contender): Memory {
  return {
    model: name,
    modelBytes: onnx.byteLength,
    frontendResidentBytes: residentBytes(onnxserve.frontendPid),
    workerPrivateBytes: onnxserve.workerPids().reduce((sum, pid) => sum + privateBytes(pid), 0),
  }
}
