/**
 * Predicts how long a batch takes: s(n) = fixed + perRow · n, fitted by exponentially weighted least squares.
 *
 * A batch of 50 batches ago weighs half as much as the latest, so that a change of load or of input size is
 * followed within seconds. Before two different sizes have been seen, the whole mean time counts as fixed.
 *
 * A batch that takes many times what its size lets expect counts as a bound of that: with its own time, one that the
 * machine held up would fit a slope that the small batches left by the refusals it causes could not correct for
 * hundreds of batches. A new cost shows in every batch, and is followed all the same.
 */
export class ServiceTime {
  #weight = 0
  #rows = 0
  #ms = 0
  #rowsSquared = 0
  #rowsMs = 0
  #fixedMs = 0
  #perRowMs = 0

  observe(rows: number, measuredMs: number): void {
    const expectedMs = this.predictMs(rows)
    // Times of nothing, which coarse clocks measure, are no expectation.
    const isKnown = this.#weight >= MIN_WEIGHT && expectedMs > 0
    const ms = isKnown ? Math.min(measuredMs, MAX_SURPRISE * expectedMs) : measuredMs
    this.#weight = this.#weight * DECAY + 1
    this.#rows = this.#rows * DECAY + rows
    this.#ms = this.#ms * DECAY + ms
    this.#rowsSquared = this.#rowsSquared * DECAY + rows * rows
    this.#rowsMs = this.#rowsMs * DECAY + rows * ms
    this.#fit()
  }

  /** Part of a batch's time that does not depend on its rows. */
  get fixedMs(): number {
    return this.#fixedMs
  }

  get perRowMs(): number {
    return this.#perRowMs
  }

  /** Whether anything has been observed; without it, predictions are 0. */
  get isKnown(): boolean {
    return this.#weight > 0
  }

  predictMs(rows: number): number {
    return this.#fixedMs + this.#perRowMs * rows
  }

  /** Once for a batch, so that admission, which asks for every request, does not compute it. */
  #fit(): void {
    const meanRows = this.#rows / this.#weight
    const meanMs = this.#ms / this.#weight
    const variance = this.#rowsSquared / this.#weight - meanRows * meanRows
    const covariance = this.#rowsMs / this.#weight - meanRows * meanMs
    // Neither part of a duration can be negative; noise on a flat cost would otherwise fit one that is.
    const slopeMs = variance < MIN_VARIANCE ? 0 : Math.max(covariance / variance, 0)
    this.#perRowMs = Math.min(slopeMs, meanMs / meanRows)
    this.#fixedMs = meanMs - this.#perRowMs * meanRows
  }
}

const HALF_LIFE_BATCHES = 50
const DECAY = 0.5 ** (1 / HALF_LIFE_BATCHES)
const MIN_VARIANCE = 1e-3
/** Batches, by their weight, that make a surprise one. */
const MIN_WEIGHT = 8
const MAX_SURPRISE = 10
