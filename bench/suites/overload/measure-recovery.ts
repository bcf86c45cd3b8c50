import type { LoadWindow } from '../../load/job.ts'
import { openJob, requestTo, type OverloadRun } from './measure-overload.ts'
import type { Capacity, Recovery } from './results.ts'

export type RecoveryPlan = {
  readonly steadyMs: number
  readonly burstMs: number
  readonly afterMs: number
}

/** × capacity: what is always there, and with the burst. */
const STEADY_FACTOR = 0.8
export const BURST_FACTOR = 10
const WINDOW_MS = 250

/** A load below capacity, on which a burst from another process comes and goes. */
export async function measureRecovery(
  run: OverloadRun,
  plan: RecoveryPlan,
  { requestsPerSecond }: Capacity,
): Promise<Recovery> {
  const { server, generator, healthGenerator: burstGenerator, warmUpMs } = run
  const request = requestTo(server)
  const steadyJob = {
    ...openJob(run, request, { requestsPerSecond: STEADY_FACTOR * requestsPerSecond }),
    warmUpMs,
    measureMs: plan.steadyMs + plan.burstMs + plan.afterMs,
    windowMs: WINDOW_MS,
  }
  const burstJob = {
    ...openJob(run, request, { requestsPerSecond: (BURST_FACTOR - STEADY_FACTOR) * requestsPerSecond }),
    warmUpMs: 0,
    measureMs: plan.burstMs,
  }
  let startedAtMs = NaN
  let burstFromMs = NaN
  let burst: Promise<unknown> | undefined
  const load = await generator.run(steadyJob, () => {
    startedAtMs = performance.now()
    burst = pause(plan.steadyMs).then(() =>
      burstGenerator.run(burstJob, () => (burstFromMs = performance.now() - startedAtMs)),
    )
  })
  await burst
  const whole = Math.floor(steadyJob.measureMs / WINDOW_MS)
  return recoveryOf((load.windows ?? []).slice(0, whole), {
    fromMs: burstFromMs,
    untilMs: burstFromMs + plan.burstMs,
  })
}

type Span = { readonly fromMs: number; readonly untilMs: number }

/** Windows that lie in more than one of the three times count to the burst. */
export function recoveryOf(windows: readonly LoadWindow[], { fromMs, untilMs }: Span): Recovery {
  return {
    windowMs: WINDOW_MS,
    before: windows.filter((window) => window.fromMs + WINDOW_MS <= fromMs),
    burst: windows.filter((window) => window.fromMs + WINDOW_MS > fromMs && window.fromMs < untilMs),
    after: windows
      .filter((window) => window.fromMs >= untilMs)
      .map((window) => ({ ...window, fromMs: window.fromMs - untilMs })),
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
