import { startOnnxServe, type OnnxServe } from '../../contenders/onnxserve.ts'
import type { LoadRequest } from '../../load/job.ts'
import { expectAllAccepted, meanRows } from '../../measure.ts'
import type { BenchContext } from '../suite.ts'
import type { Plan } from './plan.ts'

export type OverlapRun = {
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly batchRows: number
  /** Of the time, how much the device ran the graph. */
  readonly busyShare: number
}

export type OverlapJob<Name extends string> = {
  /** Model stores by the name of what differs. */
  readonly stores: Readonly<Record<Name, string>>
  readonly requests: readonly LoadRequest[]
  readonly environment: Readonly<Record<string, string>>
  readonly plan: Plan
  readonly context: BenchContext
}

/** Servers in turn, in the opposite order every other time; one at a time is under load. */
export async function measureOverlap<Name extends string>(
  job: OverlapJob<Name>,
): Promise<Record<Name, readonly OverlapRun[]>> {
  const { stores, environment, plan, context } = job
  const names = Object.keys(stores) as Name[] // the keys of a record are its names
  const servers: { readonly name: Name; readonly server: OnnxServe; readonly runs: OverlapRun[] }[] = []
  try {
    for (const name of names) {
      const options = { modelStore: stores[name], modelName: 'image', flags: context.flags, environment }
      servers.push({ name, server: await startOnnxServe(options), runs: [] })
    }
    for (let repeat = 0; repeat < plan.repeats; repeat++) {
      context.log(`two batches in flight beside one: ${repeat + 1} of ${plan.repeats}`)
      for (const { server, runs } of repeat % 2 === 0 ? servers : servers.toReversed()) {
        runs.push(await measureServer(server, job))
      }
    }
  } finally {
    for (const { server } of servers) await server.close()
  }
  return Object.fromEntries(servers.map(({ name, runs }) => [name, runs])) as Record<Name, OverlapRun[]> // one for each name
}

async function measureServer(
  server: OnnxServe,
  { requests, plan, context }: OverlapJob<string>,
): Promise<OverlapRun> {
  const { batchRows, warmUpMs, measureMs } = plan
  // One batch runs, one waits in the worker, and one comes together.
  const loop = { kind: 'closed', connections: 3 * batchRows } as const
  const [batchesBefore, busyBefore, startedAtMs] = [
    await server.batches(),
    await busySeconds(server),
    performance.now(),
  ]
  const load = await context.generator.run({ port: server.port, requests, loop, warmUpMs, measureMs })
  const elapsedSeconds = (performance.now() - startedAtMs) / 1000
  expectAllAccepted(load, '/predictions/image')
  return {
    requestsPerSecond: (load.requests * 1000) / load.elapsedMs,
    p50Ms: load.accepted.p50Ms,
    p99Ms: load.accepted.p99Ms,
    batchRows: meanRows(batchesBefore, await server.batches()),
    busyShare: ((await busySeconds(server)) - busyBefore) / elapsedSeconds,
  }
}

async function busySeconds(server: OnnxServe): Promise<number> {
  const page = await server.metrics()
  return Number(/^onnxserve_device_busy_seconds_total\S* (\S+)$/m.exec(page)?.[1] ?? 0)
}
