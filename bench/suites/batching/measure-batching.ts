import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mlp } from '../../../test/support/mlp.ts'
import { seededRandom } from '../../../test/support/random.ts'
import { startOnnxServe, type OnnxServe } from '../../contenders/onnxserve.ts'
import type { LoadJob, LoadResult } from '../../load/job.ts'
import { tensorsRequest } from '../../load/tensors-request.ts'
import { meanRows } from '../../measure.ts'
import { packModel } from '../../models/pack-model.ts'
import type { BenchContext } from '../suite.ts'
import { closedByOf, difference, type ClosedBy } from './closed-by.ts'
import type { Plan } from './plan.ts'

/** The same graph: `single` runs each row by itself, `batching` has the default settings. */
export const MODES = ['single', 'batching'] as const
export type Mode = (typeof MODES)[number]

export type LoadPoint = {
  readonly mode: Mode
  /** × the capacity of `single`. */
  readonly load: number
  readonly offeredPerSecond: number
  readonly answeredPerSecond: number
  /** Of all requests that were due. */
  readonly refusedShare: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly batchRows: number
  readonly closedBy: ClosedBy
}

export type Run = { readonly plan: Plan; readonly context: BenchContext }

/** At one row a run its weights are read for each row, so that there is something to share. */
const LAYERS = [256, 2048, 2048, 16]
const ROWS = 16
const CAPACITY_CONNECTIONS = 8
/** The server has just started. */
const CAPACITY_WARM_UP_MS = 2000
const MAX_CONNECTIONS = 256

export async function measureBatching(run: Run): Promise<LoadPoint[]> {
  const { context, plan } = run
  const modelPath = join(context.directory, 'wide.onnx')
  const modelStore = mkdtempSync(join(context.directory, 'store-'))
  writeFileSync(modelPath, mlp(LAYERS))
  await packModel({ modelName: 'single', modelPath, modelStore, config: { maxBatchRows: 1 } })
  await packModel({ modelName: 'batching', modelPath, modelStore })
  const server = await startOnnxServe({ modelStore, modelName: 'batching', flags: context.flags })
  try {
    const capacity = await capacityOf(server, run)
    const points: LoadPoint[] = []
    for (const load of plan.loads) {
      context.log(`${load} × ${Math.round(capacity)} requests/s`)
      for (const mode of MODES) points.push(await measurePoint(server, { mode, load, capacity }, run))
    }
    return points
  } finally {
    await server.close()
  }
}

/** Requests per second at one row a run. */
async function capacityOf(server: OnnxServe, { plan, context }: Run): Promise<number> {
  const { measureMs } = plan
  const warmUpMs = CAPACITY_WARM_UP_MS
  const loop = { kind: 'closed', connections: CAPACITY_CONNECTIONS } as const
  const job = { port: server.port, requests: requestsTo('single'), loop, warmUpMs, measureMs }
  const { accepted, elapsedMs } = await context.generator.run(job)
  return (accepted.count * 1000) / elapsedMs
}

type Offer = { readonly mode: Mode; readonly load: number; readonly capacity: number }

async function measurePoint(server: OnnxServe, offer: Offer, { plan, context }: Run): Promise<LoadPoint> {
  const { mode, load, capacity } = offer
  const requestsPerSecond = load * capacity
  const job: LoadJob = {
    port: server.port,
    requests: requestsTo(mode),
    loop: {
      kind: 'open',
      requestsPerSecond,
      arrivals: 'exponential',
      seed: 1,
      maxConnections: MAX_CONNECTIONS,
    },
    warmUpMs: plan.warmUpMs,
    measureMs: plan.measureMs,
  }
  const [batchesBefore, closedBefore] = [await server.batches(), closedByOf(await server.metrics())]
  const result = await context.generator.run(job)
  const closedBy = difference(closedByOf(await server.metrics()), closedBefore)
  const batchRows = meanRows(batchesBefore, await server.batches())
  return { mode, load, offeredPerSecond: requestsPerSecond, ...answersOf(result), batchRows, closedBy }
}

function answersOf({ accepted, refused, broken, unanswered, elapsedMs }: LoadResult) {
  return {
    answeredPerSecond: (accepted.count * 1000) / elapsedMs,
    refusedShare: refused.count / Math.max(1, accepted.count + refused.count + broken + unanswered),
    p50Ms: accepted.p50Ms,
    p99Ms: accepted.p99Ms,
  }
}

function requestsTo(model: Mode) {
  const random = seededRandom(1)
  const columns = LAYERS[0] ?? 0
  return Array.from({ length: ROWS }, () => {
    const data = Float32Array.from({ length: columns }, () => random())
    return tensorsRequest(model, [{ name: 'x', dtype: 'FP32', shape: [1, columns], data }])
  })
}
