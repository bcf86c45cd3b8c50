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
  /** When the batch has to start so that, with one row more, no member misses its deadline. */
  readonly latestStartMs: number
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
  const leftMs = holdEndMs(snapshot) - snapshot.nowMs
  if (snapshot.isComplete || leftMs <= 0 || arrivalIntervalMs > leftMs) return 0
  return requests * arrivalIntervalMs <= fixedMs ? Math.min(leftMs, arrivalIntervalMs) : 0
}

/** When the batch is to run at the latest: its oldest member's delay is used up, or a deadline needs it. */
function holdEndMs({ oldestArrivalMs, maxBatchDelayMs, latestStartMs }: HoldSnapshot): number {
  return Math.min(oldestArrivalMs + maxBatchDelayMs, latestStartMs)
}

/** Whether a deadline ends the hold before the delay does. */
export function isHeldByDeadline({ oldestArrivalMs, maxBatchDelayMs, latestStartMs }: HoldSnapshot): boolean {
  return latestStartMs < oldestArrivalMs + maxBatchDelayMs
}

/** Mean time between arrivals, the latest counting most. */
export class ArrivalRate {
  #lastMs: number | undefined
  #intervalMs = Number.POSITIVE_INFINITY

  /** Of the latest arrival. */
  get lastMs(): number | undefined {
    return this.#lastMs
  }

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
