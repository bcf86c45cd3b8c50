import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { startOnnxServe, type OnnxServe } from '../../contenders/onnxserve.ts'
import type { LoadResult } from '../../load/job.ts'
import { jsonRequest } from '../../load/request-bytes.ts'
import { takeTurns } from '../../rounds.ts'
import type { BenchContext } from '../suite.ts'
import { packLarge, packTiny } from './archives.ts'
import { manage, register } from './management.ts'

/** The latencies of one model while something happens beside it. */
export type Neighbours = {
  /** One a round, as those below. */
  readonly steady: readonly LoadResult[]
  readonly loadingLarge: readonly LoadResult[]
  readonly swapping: LoadResult
  readonly swaps: number
  /** In all rounds together. */
  readonly loads: number
}

export type NeighbourPlan = {
  /** In each, nothing happens for a while, and then the large model is loaded some times. */
  readonly rounds: number
  readonly steadyMs: number
  readonly loads: number
  readonly swaps: number
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
    log('swapping versions under load')
    const swapping = await during(() => repeated(plan.swaps, (index) => swap(server, modelStore, index)))
    log('loading 200 MB beside it, and not')
    const runs = await takeTurns(
      {
        steady: () => during(() => pause(plan.steadyMs)),
        loadingLarge: () => during(() => repeated(plan.loads, () => reload(server))),
      },
      plan.rounds,
    )
    return { ...runs, swapping, swaps: plan.swaps, loads: plan.rounds * plan.loads }
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

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

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
