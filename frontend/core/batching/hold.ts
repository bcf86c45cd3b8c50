/** What the decision to hold a batch back looks at. */
export type HoldSnapshot = {
  readonly nowMs: number
  readonly requests: number
  readonly isComplete: boolean
  readonly oldestArrivalMs: number
  readonly maxBatchDelayMs: number
  /** Mean time between the latest arrivals; infinite when there have not been two. */
  readonly arrivalIntervalMs: number
  /** Time of a batch that does not depend on its rows: what one batch fewer saves. */
  readonly fixedMs: number
}

/**
 * How long a batch that a free worker could run now is held back for one more member; 0 is "run it".
 *
 * The delay counts from the arrival of the oldest member. Waiting pays when the delay it inflicts on those who
 * wait already is less than the fixed cost that merging the next arrival saves (BentoML's dispatcher holds by
 * the same comparison). A lone request of idle traffic is therefore never held.
 */
export function holdMs(snapshot: HoldSnapshot): number {
  const { arrivalIntervalMs, requests, fixedMs } = snapshot
  const leftMs = snapshot.oldestArrivalMs + snapshot.maxBatchDelayMs - snapshot.nowMs
  if (snapshot.isComplete || leftMs <= 0 || arrivalIntervalMs > leftMs) return 0
  return requests * arrivalIntervalMs <= fixedMs ? Math.min(leftMs, arrivalIntervalMs) : 0
}

/** Mean time between arrivals, the latest counting most. */
export class ArrivalRate {
  #lastMs: number | undefined
  #intervalMs = Number.POSITIVE_INFINITY

  get intervalMs(): number {
    return this.#intervalMs
  }

  observe(nowMs: number): void {
    if (this.#lastMs !== undefined) {
      const intervalMs = nowMs - this.#lastMs
      this.#intervalMs = Number.isFinite(this.#intervalMs)
        ? this.#intervalMs + SMOOTHING * (intervalMs - this.#intervalMs)
        : intervalMs
    }
    this.#lastMs = nowMs
  }
}

/** About the last ten arrivals decide: quick enough for the start of a burst. */
const SMOOTHING = 0.2
