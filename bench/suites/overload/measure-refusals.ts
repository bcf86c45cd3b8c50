import type { OnnxServe } from '../../contenders/onnxserve.ts'
import type { LoadRequest } from '../../load/job.ts'
import type { LoadGenerator } from '../../load/load-generator.ts'
import { cpuMs } from '../../process-usage.ts'
import type { Refusals } from './results.ts'

export type RefusalsRun = {
  readonly server: OnnxServe
  readonly generator: LoadGenerator
  /** To the model whose queue is to be full. */
  readonly request: LoadRequest
  /** Requests that it holds: those that run, and those that wait. */
  readonly held: number
  readonly warmUpMs: number
  readonly measureMs: number
}

const CONNECTIONS = 32
const SPARE_REQUESTS = 4

/** Every answer is a refusal, so that all of the frontend's processor time is theirs. */
export async function measureRefusals(run: RefusalsRun): Promise<Refusals> {
  const { server, generator, request, warmUpMs, measureMs } = run
  const pid = server.frontendPid
  const release = await fillQueue(run)
  try {
    let cpuBeforeMs = 0
    const loop = { kind: 'closed', connections: CONNECTIONS } as const
    const job = { port: server.port, requests: [request], loop, warmUpMs, measureMs }
    const { accepted, refused, broken, elapsedMs } = await generator.run(
      job,
      () => (cpuBeforeMs = cpuMs(pid)),
    )
    const spentMs = cpuMs(pid) - cpuBeforeMs
    if (accepted.count + broken > 0 || refused.count === 0) {
      throw new Error(
        `of a full queue ${accepted.count} were accepted, ${broken} broke and ${refused.count} were refused`,
      )
    }
    return {
      perSecond: (refused.count * 1000) / elapsedMs,
      p50Ms: refused.p50Ms,
      p99Ms: refused.p99Ms,
      cpuMicros: (1000 * spentMs) / refused.count,
    }
  } finally {
    release()
  }
}

/** Sends a few requests more than it holds, and waits until those are refused. @returns ends those that are held */
async function fillQueue({ server, request, held }: RefusalsRun): Promise<() => void> {
  const abort = new AbortController()
  const { path, headers = {}, body = '' } = request
  const sent = Array.from({ length: held + SPARE_REQUESTS }, async () => {
    const options = { method: 'POST', headers, body, signal: abort.signal }
    return (await fetch(`http://127.0.0.1:${server.port}${path}`, options)).status
  })
  await new Promise<void>((resolve, reject) => {
    let refused = 0
    for (const each of sent) {
      each.then(
        (status) => {
          if (status < 400) reject(new Error(`${path} answered ${status} before its queue was full`))
          else if (++refused === SPARE_REQUESTS) resolve()
        },
        (error: unknown) => reject(error instanceof Error ? error : new Error(String(error))), // those held, at the end
      )
    }
  })
  return () => abort.abort()
}
