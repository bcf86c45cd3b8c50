import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mlp } from '../../../test/support/mlp.ts'
import { startOnnxServe, type OnnxServe } from '../../contenders/onnxserve.ts'
import { tensorsRequest } from '../../load/tensors-request.ts'
import { measureAlternating, type Measurement } from '../../measure.ts'
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

const MODEL = 'wide'
const LAYERS = [256, 2048, 2048, 16]
const CONNECTIONS = 32

/** A server for each number of workers, so that each plans its threads as it does for a user. */
export async function measureWorkers(run: Run): Promise<WorkersResult[]> {
  const { plan, context } = run
  const modelPath = join(context.directory, 'wide.onnx')
  writeFileSync(modelPath, mlp(LAYERS))
  const servers: WorkersServer[] = []
  try {
    for (const workers of plan.workers) servers.push(await startServer(modelPath, workers, run))
    context.log(`${plan.workers.join(', ')} workers`)
    return await compare(servers, run)
  } finally {
    for (const { server } of servers) await server.close()
  }
}

type WorkersServer = { readonly workers: number; readonly server: OnnxServe }

async function startServer(modelPath: string, workers: number, { context }: Run): Promise<WorkersServer> {
  const { directory, flags } = context
  // A store of its own: the servers run side by side, and each keeps its state there.
  const modelStore = mkdtempSync(join(directory, 'store-'))
  await packModel({ modelName: MODEL, modelPath, modelStore })
  const server = await startOnnxServe({ modelStore, modelName: MODEL, loadModels: 'none', flags })
  try {
    await registerModel(server.management, { archive: MODEL, modelName: MODEL, workers })
  } catch (error) {
    await server.close()
    throw error
  }
  return { workers, server }
}

async function compare(servers: readonly WorkersServer[], { plan, context }: Run): Promise<WorkersResult[]> {
  const columns = LAYERS[0] ?? 0
  const data = new Float32Array(columns).fill(0.5)
  const requests = [tensorsRequest(MODEL, [{ name: 'x', dtype: 'FP32', shape: [1, columns], data }])]
  const subjects = servers.map(({ workers, server }) => [workers, { contender: server, requests }] as const)
  const loop = { kind: 'closed', connections: CONNECTIONS } as const
  const measured: Readonly<Record<string, Measurement>> = await measureAlternating(
    Object.fromEntries(subjects),
    context.generator,
    { ...plan, measureMs: plan.workersMs, loop },
  )
  return servers.flatMap(({ workers, server }) => {
    const measurement = measured[workers]
    const workerPrivateBytes = server.workerPids().reduce((sum, pid) => sum + privateBytes(pid), 0)
    return measurement === undefined ? [] : [{ workers, ...measurement, workerPrivateBytes }]
  })
}
