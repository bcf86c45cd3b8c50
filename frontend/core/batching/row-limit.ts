/** What the limit of a batch's rows learns from a batch. */
export type BatchFacts = {
  readonly rows: number
  /** What the batch took. */
  readonly ms: number
  /** What of it did not depend on the rows, as far as is known. */
  readonly fixedMs: number
}

/** A batch that takes more than this share of the target wait is too large: two of them pass the target. */
const MAX_SHARE = 0.5
const SHRINKING = 0.9
const GOOD_BATCHES = 20

/**
 * The rows of a batch that keep its time within half of the target wait: a tenth less after a batch that took longer,
 * one more after 20 good ones, up to the configured limit (additive increase, multiplicative decrease, as in Clipper).
 *
 * A batch whose time is mostly fixed stays as it is: fewer rows would take as long and serve fewer requests.
 */
export class RowLimit {
  #rows = Number.POSITIVE_INFINITY
  #good = 0

  /** @param maxRows as configured */
  rowsWithin(maxRows: number): number {
    return Math.min(this.#rows, maxRows)
  }

  observe({ rows, ms, fixedMs }: BatchFacts, { targetWaitMs, maxRows }: RowLimitRules): void {
    const isTooLong = ms > MAX_SHARE * targetWaitMs && fixedMs <= ms / 2 && rows > 1
    if (isTooLong) {
      this.#rows = Math.max(1, Math.floor(SHRINKING * Math.min(this.#rows, rows, maxRows)))
      this.#good = 0
    } else if (this.#rows < maxRows && ++this.#good >= GOOD_BATCHES) {
      this.#rows += 1
      this.#good = 0
    }
  }

  /** There is no target any more: batches are as large as configured. */
  reset(): void {
    this.#rows = Number.POSITIVE_INFINITY
    this.#good = 0
  }
}

export type RowLimitRules = {
  readonly targetWaitMs: number
  readonly maxRows: number
}
