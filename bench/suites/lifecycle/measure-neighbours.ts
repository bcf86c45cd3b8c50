import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { startOnnxServe, type OnnxServe } from '../../contenders/onnxserve.ts'
import type { LoadResult } from '../../load/job.ts'
import { jsonRequest } from '../../load/request-bytes.ts'
import type { BenchContext } from '../suite.ts'
import { packLarge, packTiny } from './archives.ts'
import { manage, register } from './management.ts'

/** The latencies of one model while something happens beside it. */
export type Neighbours = {
  readonly steady: LoadResult
  readonly swapping: LoadResult
  readonly loadingLarge: LoadResult
  readonly swaps: number
  readonly loads: number
}

export type NeighbourPlan = {
  readonly steadyMs: number
  readonly swaps: number
  readonly loads: number
  readonly warmUpMs: number
}

const REQUESTS_PER_SECOND = 200

export async function measureNeighbours(context: BenchContext, plan: NeighbourPlan): Promise<Neighbours> {
  const { directory, flags, log } = context
  const modelStore = mkdtempSync(join(directory, 'neighbours-'))
  log('packing a model of 200 MB')
  await packTiny(modelStore, '1.0')
  await packLarge(modelStore)
  const server = await startOnnxServe({ modelStore, modelName: 'tiny', loadModels: 'tiny.mar', flags })
  const during = (action: () => Promise<void>) => loadDuring(context, server, plan, action)
  try {
    log('steady')
    const steady = await during(() => new Promise((resolve) => setTimeout(resolve, plan.steadyMs)))
    log('swapping versions under load')
    const swapping = await during(() => repeated(plan.swaps, (index) => swap(server, modelStore, index)))
    log('loading 200 MB beside it')
    const loadingLarge = await during(() => repeated(plan.loads, () => reload(server)))
    return { steady, swapping, loadingLarge, swaps: plan.swaps, loads: plan.loads }
  } finally {
    await server.close()
  }
}

async function loadDuring(
  { generator }: BenchContext,
  { port, path }: OnnxServe,
  { warmUpMs }: NeighbourPlan,
  action: () => Promise<void>,
): Promise<LoadResult> {
  const requests = [jsonRequest(path, JSON.stringify({ x: [[0.1, 0.2, 0.3, 0.4]] }))]
  const loop = {
    kind: 'open',
    requestsPerSecond: REQUESTS_PER_SECOND,
    arrivals: 'exponential',
    seed: 1,
    maxConnections: 64,
  } as const
  return (await generator.runDuring({ port, requests, loop, warmUpMs }, action)).load
}

async function repeated(count: number, action: (index: number) => Promise<void>): Promise<void> {
  for (let index = 0; index < count; index++) await action(index)
}

/** The next version takes over from the one before, which is then unloaded. */
async function swap(server: OnnxServe, modelStore: string, index: number): Promise<void> {
  const [before, next] = [`${index + 1}.0`, `${index + 2}.0`]
  await packTiny(modelStore, next)
  await register(server, 'tiny.mar')
  await manage(server, 'PUT', `/models/tiny/${next}/set-default`)
  await manage(server, 'DELETE', `/models/tiny/${before}`)
}

async function reload(server: OnnxServe): Promise<void> {
  await register(server, 'large.mar')
  await manage(server, 'DELETE', '/models/large')
}
