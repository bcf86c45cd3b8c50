import type { OnnxServe } from '../../contenders/onnxserve.ts'
import type { LoadRequest } from '../../load/job.ts'
import type { LoadGenerator } from '../../load/load-generator.ts'
import { cpuMs } from '../../process-usage.ts'

export type Saturation = {
  readonly generator: LoadGenerator
  readonly requests: readonly LoadRequest[]
  readonly connections: number
  readonly warmUpMs: number
  readonly measureMs: number
}

export type ServerLoad = {
  readonly rowsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Rows per engine call. */
  readonly batchRows: number
  readonly frontendCpuMicrosPerRow: number
  readonly workerCpuMicrosPerRow: number
}

/** A closed loop of requests of one row. */
export async function loadServer(server: OnnxServe, saturation: Saturation): Promise<ServerLoad> {
  const { generator, requests, connections, warmUpMs, measureMs } = saturation
  let before = usageOf(server)
  const batchesBefore = await server.batches()
  const loop = { kind: 'closed', connections } as const
  const load = await generator.run({ port: server.port, requests, loop, warmUpMs, measureMs }, () => {
    before = usageOf(server)
  })
  const after = usageOf(server)
  if (load.accepted.count === 0 || load.refused.count + load.broken > 0) {
    throw new Error(
      `${load.refused.count + load.broken} requests failed: ${load.firstRefusal ?? 'no answer'}`,
    )
  }
  const batches = await server.batches()
  const perRow = (ms: number) => (ms * 1000) / load.accepted.count
  return {
    rowsPerSecond: (load.accepted.count * 1000) / load.elapsedMs,
    p50Ms: load.accepted.p50Ms,
    p99Ms: load.accepted.p99Ms,
    batchRows: (batches.rows - batchesBefore.rows) / (batches.batches - batchesBefore.batches),
    frontendCpuMicrosPerRow: perRow(after.frontendMs - before.frontendMs),
    workerCpuMicrosPerRow: perRow(after.workersMs - before.workersMs),
  }
}

function usageOf({ frontendPid, workerPids }: OnnxServe): { frontendMs: number; workersMs: number } {
  return { frontendMs: cpuMs(frontendPid), workersMs: workerPids().reduce((sum, pid) => sum + cpuMs(pid), 0) }
}
