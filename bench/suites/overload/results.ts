import type { LoopDelay } from '../../contenders/loop-watch.ts'
import type { LoadResult, LoadWindow } from '../../load/job.ts'

/** Of a closed loop that always has more requests than fit into a batch. */
export type Capacity = {
  readonly requestsPerSecond: number
  readonly frontendCpuMicros: number
}

/** An open loop of `factor` times the capacity. */
export type OverloadPoint = {
  readonly factor: number
  readonly load: LoadResult
  /** Of `/ping`, asked meanwhile by another process. */
  readonly health: LoadResult
  readonly frontendCpuMs: number
  readonly loopDelay: LoopDelay
  readonly residentBytes: number
}

/** A load below capacity, before a burst, in it and after it. */
export type Recovery = {
  readonly windowMs: number
  readonly before: readonly LoadWindow[]
  readonly burst: readonly LoadWindow[]
  /** Their times count from the end of the burst. */
  readonly after: readonly LoadWindow[]
}

/** What a full queue refuses, as fast as a closed loop asks. */
export type Refusals = {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly cpuMicros: number
}

export type Overload = {
  readonly capacity: Capacity
  readonly residentBytesBefore: number
  /** The first is below capacity. */
  readonly points: readonly OverloadPoint[]
  readonly recovery: Recovery
  readonly refusals: Refusals
}
