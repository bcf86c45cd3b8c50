import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mlp } from '../../../test/support/mlp.ts'
import { startOnnxServe } from '../../contenders/onnxserve.ts'
import { tensorsRequest } from '../../load/tensors-request.ts'
import { measureOnce, medianOf, type Measurement } from '../../measure.ts'
import { packModel } from '../../models/pack-model.ts'
import { privateBytes } from '../../process-usage.ts'
import type { BenchContext } from '../suite.ts'
import { registerModel } from './managed-models.ts'
import type { Plan } from './plan.ts'

export type Run = { readonly plan: Plan; readonly context: BenchContext }

export type WorkersResult = Measurement & {
  readonly workers: number
  /** Of all worker processes. */
  readonly workerPrivateBytes: number
}

const LAYERS = [256, 2048, 2048, 16]
const CONNECTIONS = 32

/** A server for each number of workers, so that each plans its threads as it does for a user. */
export async function measureWorkers(run: Run): Promise<WorkersResult[]> {
  const { plan, context } = run
  const modelPath = join(context.directory, 'wide.onnx')
  const modelStore = mkdtempSync(join(context.directory, 'store-'))
  writeFileSync(modelPath, mlp(LAYERS))
  await packModel({ modelName: 'wide', modelPath, modelStore })
  const results: WorkersResult[] = []
  for (const workers of plan.workers) {
    context.log(`${workers} workers`)
    results.push(await measureServer(modelStore, workers, run))
  }
  return results
}

async function measureServer(
  modelStore: string,
  workers: number,
  { plan, context }: Run,
): Promise<WorkersResult> {
  const server = await startOnnxServe({
    modelStore,
    modelName: 'wide',
    loadModels: 'none',
    flags: stateless(context),
  })
  try {
    await registerModel(server.management, { archive: 'wide', modelName: 'wide', workers })
    const columns = LAYERS[0] ?? 0
    const data = new Float32Array(columns).fill(0.5)
    const requests = [tensorsRequest('wide', [{ name: 'x', dtype: 'FP32', shape: [1, columns], data }])]
    const loop = { kind: 'closed', connections: CONNECTIONS } as const
    const runs: Measurement[] = []
    for (let repeat = 0; repeat < plan.repeats; repeat++) {
      runs.push(await measureOnce({ contender: server, requests }, context.generator, { ...plan, loop }))
    }
    const workerPrivateBytes = server.workerPids().reduce((sum, pid) => sum + privateBytes(pid), 0)
    return { workers, ...medianOf(runs), workerPrivateBytes }
  } finally {
    await server.close()
  }
}

/** The next server on the same store is to begin with nothing. */
function stateless({ flags }: BenchContext): readonly string[] {
  return ['--restore=false', ...flags]
}
