import type { LoopDelay } from '../../contenders/loop-watch.ts'
import type { LoadResult } from '../../load/job.ts'

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

export type Overload = {
  readonly capacity: Capacity
  readonly residentBytesBefore: number
  /** The first is below capacity. */
  readonly points: readonly OverloadPoint[]
}
