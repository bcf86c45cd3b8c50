import type { LoopDelay } from '../../contenders/loop-watch.ts'
import { median } from '../../load/percentile.ts'
import { cpuMs } from '../../process-usage.ts'
import { takeTurns } from '../../rounds.ts'
import type { Channel } from './channel.ts'
import type { PayloadPlan } from './plan.ts'
import type { Wire } from './wires.ts'

const MEBIBYTE = 2 ** 20

/** A wire and the server at its other end. */
export type PayloadSubject = {
  readonly wire: Wire
  readonly channel: Channel
  /** Whose processor time counts. */
  readonly pid: number
  /** Absent of a server that nobody watches. */
  readonly loopDelay?: () => Promise<LoopDelay>
}

export type PayloadResult = {
  readonly wire: string
  readonly sizeBytes: number
  /** Sent and got back, together. */
  readonly mebibytes: number
  readonly medianMs: number
  readonly mebibytesPerSecond: number
  /** By the median exchange of each pass. */
  readonly passes: readonly { readonly mebibytesPerSecond: number }[]
  readonly cpuMsPerMebibyte: number
  /** The longest turn of the frontend's event loop, and how much of it was computed. */
  readonly longestMs: number | undefined
  readonly longestCpuMs: number | undefined
}

type Pass = {
  readonly bytes: number
  readonly timesMs: readonly number[]
  readonly cpuMs: number
  readonly delay?: LoopDelay
}

/** All subjects with payloads of one size, in passes of alternating order. */
export async function measureSize(
  subjects: readonly PayloadSubject[],
  sizeBytes: number,
  plan: PayloadPlan,
): Promise<PayloadResult[]> {
  for (const { channel, wire } of subjects) await channel.exchange(wire)
  const steps = subjects.map((subject) => [subject.wire.name, () => measurePass(subject, plan)] as const)
  const passes = await takeTurns(Object.fromEntries(steps), plan.passes)
  return subjects.map(({ wire }) => resultOf(wire, sizeBytes, passes[wire.name] ?? []))
}

async function measurePass(subject: PayloadSubject, plan: PayloadPlan): Promise<Pass> {
  const { channel, wire, pid, loopDelay } = subject
  await loopDelay?.()
  const timesMs: number[] = []
  const startedAtMs = performance.now()
  const cpuBeforeMs = cpuMs(pid)
  let bytes = 0
  while (timesMs.length < plan.leastRounds || performance.now() - startedAtMs < plan.measureMs) {
    const sentAtMs = performance.now()
    const answeredBytes = await channel.exchange(wire)
    timesMs.push(performance.now() - sentAtMs)
    bytes = wire.body.byteLength + answeredBytes
  }
  const tookCpuMs = cpuMs(pid) - cpuBeforeMs
  const delay = await loopDelay?.()
  return { bytes, timesMs, cpuMs: tookCpuMs, ...(delay === undefined ? {} : { delay }) }
}

function resultOf({ name }: Wire, sizeBytes: number, passes: readonly Pass[]): PayloadResult {
  const timesMs = passes.flatMap((pass) => pass.timesMs)
  const mebibytes = (passes[0]?.bytes ?? 0) / MEBIBYTE
  const medianMs = median(timesMs)
  const longest = (pick: (delay: LoopDelay) => number) => {
    const all = passes.flatMap(({ delay }) => (delay === undefined ? [] : [pick(delay)]))
    return all.length === 0 ? undefined : Math.max(...all)
  }
  return {
    wire: name,
    sizeBytes,
    mebibytes,
    medianMs,
    mebibytesPerSecond: (mebibytes * 1000) / medianMs,
    passes: passes.map((pass) => ({ mebibytesPerSecond: (mebibytes * 1000) / median(pass.timesMs) })),
    cpuMsPerMebibyte: passes.reduce((sum, pass) => sum + pass.cpuMs, 0) / (timesMs.length * mebibytes),
    longestMs: longest((delay) => delay.longestMs),
    longestCpuMs: longest((delay) => delay.longestCpuMs),
  }
}
