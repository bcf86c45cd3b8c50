import type { OnnxServe } from '../../contenders/onnxserve.ts'
import type { LoadJob, LoadRequest, OpenLoop } from '../../load/job.ts'
import type { LoadGenerator } from '../../load/load-generator.ts'
import { measureOnce } from '../../measure.ts'
import { cpuMs, residentBytes } from '../../process-usage.ts'
import { MAX_BATCH_ROWS, MODELS, pathOf } from './model.ts'
import type { Capacity, OverloadPoint } from './results.ts'

export type OverloadRun = {
  readonly server: OnnxServe
  readonly generator: LoadGenerator
  /** In a process of its own: the health of a server is what others see of it. */
  readonly healthGenerator: LoadGenerator
  readonly warmUpMs: number
  readonly measureMs: number
}

const SEED = 1
const MAX_CONNECTIONS = 512
const HEALTH_CHECKS_PER_SECOND = 20
/** One batch runs, and as many requests wait as fill the next. */
const CLOSED_CONNECTIONS = 3 * MAX_BATCH_ROWS
const BODY_BYTES = 1024

export function requestTo({ path }: Pick<OnnxServe, 'path'>): LoadRequest {
  const headers = { 'Content-Type': 'application/octet-stream' }
  return { path, headers, body: Buffer.alloc(BODY_BYTES, 1) }
}

export async function measureCapacity(run: OverloadRun): Promise<Capacity> {
  const { server, generator, warmUpMs, measureMs } = run
  const subject = { contender: server, requests: [requestTo({ path: pathOf(MODELS.unbounded) })] }
  const loop = { kind: 'closed', connections: CLOSED_CONNECTIONS } as const
  const measured = await measureOnce(subject, generator, { loop, leadInMs: warmUpMs, measureMs })
  return { requestsPerSecond: measured.requestsPerSecond, frontendCpuMicros: measured.frontendCpuMicros }
}

export async function measureFactor(
  run: OverloadRun,
  factor: number,
  { requestsPerSecond }: Capacity,
): Promise<OverloadPoint> {
  const { server, generator, healthGenerator } = run
  const pid = server.frontendPid
  let cpuBeforeMs = 0
  await server.loopDelay()
  const [load, health] = await Promise.all([
    generator.run(
      openJob(run, requestTo(server), { requestsPerSecond: factor * requestsPerSecond }),
      () => (cpuBeforeMs = cpuMs(pid)),
    ),
    healthGenerator.run(
      openJob(run, { method: 'GET', path: '/ping' }, { requestsPerSecond: HEALTH_CHECKS_PER_SECOND }),
    ),
  ])
  const frontendCpuMs = cpuMs(pid) - cpuBeforeMs
  const loopDelay = await server.loopDelay()
  return { factor, load, health, frontendCpuMs, loopDelay, residentBytes: residentBytes(pid) }
}

export function openJob(
  { server, warmUpMs, measureMs }: OverloadRun,
  request: LoadRequest,
  { requestsPerSecond }: Pick<OpenLoop, 'requestsPerSecond'>,
): LoadJob {
  const loop: OpenLoop = {
    kind: 'open',
    requestsPerSecond,
    arrivals: 'exponential',
    seed: SEED,
    maxConnections: MAX_CONNECTIONS,
  }
  return { port: server.port, requests: [request], loop, warmUpMs, measureMs }
}
