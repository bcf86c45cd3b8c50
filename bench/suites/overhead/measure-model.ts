import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createArchive } from '../../../archiver-cli/create-archive.ts'
import { startBareServer } from '../../contenders/bare-server.ts'
import type { Contender } from '../../contenders/contender.ts'
import { startOnnxServe } from '../../contenders/onnxserve.ts'
import { runRawLoop } from '../../contenders/raw-loop.ts'
import { jsonRequest } from '../../load/request-bytes.ts'
import { v2BinaryRequest } from '../../load/v2-binary-request.ts'
import { measureAlternating, type Measurement, type Subject } from '../../measure.ts'
import { privateBytes, residentBytes } from '../../process-usage.ts'
import type { BenchContext } from '../suite.ts'
import { jsonBody, type BenchModel } from './bench-models.ts'
import { expectSameAnswer } from './expect-same-answer.ts'
import type { Plan } from './plan.ts'
import type { Memory, Point } from './results.ts'

export type Run = { readonly plan: Plan; readonly context: BenchContext }

export type ModelResults = { readonly points: readonly Point[]; readonly memory: Memory }

/** Each model has a server of its own, so that processor time and memory are the model's alone. */
export async function measureModel(model: BenchModel, run: Run): Promise<ModelResults> {
  const { directory, flags } = run.context
  const modelPath = join(directory, `${model.name}.onnx`)
  const modelStore = mkdtempSync(join(directory, 'store-'))
  writeFileSync(modelPath, model.onnx)
  await createArchive({
    modelName: model.name,
    version: '1.0',
    serializedFile: modelPath,
    exportPath: modelStore,
  })
  const bare = await startBareServer(modelPath)
  try {
    const onnxserve = await startOnnxServe({ modelStore, modelName: model.name, flags })
    try {
      return await measurePoints({ model, modelPath, onnxserve, bare }, run)
    } finally {
      await onnxserve.close()
    }
  } finally {
    await bare.close()
  }
}

type Contest = {
  readonly model: BenchModel
  readonly modelPath: string
  readonly onnxserve: Contender
  readonly bare: Contender
}

type Subjects = { readonly JSON: Subject; readonly 'V2 binary': Subject; readonly bare: Subject }

async function measurePoints(contest: Contest, run: Run): Promise<ModelResults> {
  const subjects = subjectsOf(contest)
  await expectSameAnswer(subjects.JSON, subjects.bare)
  await expectSameAnswer(subjects['V2 binary'], subjects.bare)
  const points: Point[] = []
  for (const connections of run.plan.connections) {
    run.context.log(`${contest.model.name}, ${connections} connections`)
    const { bare, ...ours } = await measureAlternating(subjects, run.context.generator, {
      ...run.plan,
      loop: { kind: 'closed', connections },
    })
    for (const wire of ['JSON', 'V2 binary'] as const) {
      const raw = await rawLoop(contest, ours[wire], run.plan)
      points.push({ model: contest.model.name, wire, connections, onnxserve: ours[wire], bare, ...raw })
    }
  }
  return { points, memory: memoryOf(contest) }
}

function subjectsOf({ model, onnxserve, bare }: Contest): Subjects {
  const bodies = model.rows.map(jsonBody)
  const binary = model.rows.map((row) =>
    v2BinaryRequest({
      model: model.name,
      datatype: 'FP32',
      shape: [1, row.length],
      block: new Uint8Array(row.buffer),
    }),
  )
  const json = (contender: Contender) => bodies.map((body) => jsonRequest(contender.path, body))
  return {
    JSON: { contender: onnxserve, requests: json(onnxserve) },
    'V2 binary': { contender: onnxserve, requests: binary },
    bare: { contender: bare, requests: json(bare) },
  }
}

async function rawLoop({ model, modelPath }: Contest, { batchRows }: Measurement, { rawLoopMs }: Plan) {
  const rawBatchRows = Math.max(1, Math.round(batchRows))
  const columns = model.layers[0] ?? 0
  const job = { modelPath, rows: rawBatchRows, columns, durationMs: rawLoopMs }
  return { rawBatchRows, rawRowsPerSecond: await runRawLoop(job) }
}

function memoryOf({ model, onnxserve }: Contest): Memory {
  return {
    model: model.name,
    modelBytes: model.onnx.byteLength,
    frontendResidentBytes: residentBytes(onnxserve.frontendPid),
    workerPrivateBytes: onnxserve.workerPids().reduce((sum, pid) => sum + privateBytes(pid), 0),
  }
}
