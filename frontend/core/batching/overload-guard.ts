/** How much longer than they should requests wait before the guard believes it. */
const MIN_EXCESS_MS = 20
const EXCESS_SHARE = 0.25
/** For how long even the request that waits least has to wait too long: CoDel's interval (RFC 8289). */
const INTERVAL_MS = 100
/** What waits longer than this is stale once the guard is up ("Fail at Scale", ACM Queue 2015: M = 5 ms). */
const MIN_FRESH_MS = 5

export type GuardSnapshot = {
  readonly nowMs: number
  /** Of the youngest member of a batch that closes now. */
  readonly waitedMs: number
  /** The longest wait that admission promises; absent: no promise, and no guard. */
  readonly targetWaitMs: number | undefined
}

/**
 * Notices that requests wait much longer than admission predicted, because the prediction is wrong: the model has
 * become slower, or another process takes the CPU.
 *
 * While it is up, what has waited long gives way to what came just now, until the queue has been empty once. A
 * queue that is as long as predicted never raises it, however long the overload lasts.
 */
export class OverloadGuard {
  #overSinceMs: number | undefined
  #isUp = false

  get isUp(): boolean {
    return this.#isUp
  }

  /** A batch closes. */
  observe({ nowMs, waitedMs, targetWaitMs }: GuardSnapshot): void {
    if (targetWaitMs === undefined || waitedMs <= limitMs(targetWaitMs)) {
      this.#overSinceMs = undefined
      return
    }
    this.#overSinceMs ??= nowMs
    if (nowMs - this.#overSinceMs >= INTERVAL_MS) this.#isUp = true
  }

  /** The queue is empty. */
  reset(): void {
    this.#isUp = false
    this.#overSinceMs = undefined
  }

  /** While it is up: how long requests may wait. @param singleMs predicted time of a batch of one row */
  freshMs(singleMs: number): number {
    return Math.max(MIN_FRESH_MS, singleMs)
  }
}

function limitMs(targetWaitMs: number): number {
  return targetWaitMs + Math.max(MIN_EXCESS_MS, EXCESS_SHARE * targetWaitMs)
}
