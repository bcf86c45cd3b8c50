/**
 * Predicts how long a batch takes: s(n) = fixed + perRow · n, fitted by exponentially weighted least squares.
 *
 * A batch of 50 batches ago weighs half as much as the latest, so that a change of load or of input size is
 * followed within seconds. Before two different sizes have been seen, the whole mean time counts as fixed.
 */
export class ServiceTime {
  #weight = 0
  #rows = 0
  #ms = 0
  #rowsSquared = 0
  #rowsMs = 0

  observe(rows: number, ms: number): void {
    this.#weight = this.#weight * DECAY + 1
    this.#rows = this.#rows * DECAY + rows
    this.#ms = this.#ms * DECAY + ms
    this.#rowsSquared = this.#rowsSquared * DECAY + rows * rows
    this.#rowsMs = this.#rowsMs * DECAY + rows * ms
  }

  /** Whether anything has been observed; without it, predictions are 0. */
  get isKnown(): boolean {
    return this.#weight > 0
  }

  predictMs(rows: number): number {
    const { fixedMs, perRowMs } = this.coefficients()
    return fixedMs + perRowMs * rows
  }

  coefficients(): { readonly fixedMs: number; readonly perRowMs: number } {
    if (this.#weight === 0) return { fixedMs: 0, perRowMs: 0 }
    const meanRows = this.#rows / this.#weight
    const meanMs = this.#ms / this.#weight
    const variance = this.#rowsSquared / this.#weight - meanRows * meanRows
    if (variance < MIN_VARIANCE) return { fixedMs: meanMs, perRowMs: 0 }
    const covariance = this.#rowsMs / this.#weight - meanRows * meanMs
    // Neither part of a duration can be negative; noise on a flat cost would otherwise fit one that is.
    const perRowMs = Math.min(Math.max(covariance / variance, 0), meanMs / meanRows)
    return { fixedMs: meanMs - perRowMs * meanRows, perRowMs }
  }
}

const HALF_LIFE_BATCHES = 50
const DECAY = 0.5 ** (1 / HALF_LIFE_BATCHES)
const MIN_VARIANCE = 1e-3
