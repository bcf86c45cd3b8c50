import type { LoadWindow } from './job.ts'
import { latenciesOf } from './percentile.ts'

type Counts = { readonly acceptedMs: number[]; refused: number }

/** Sorts the answers of a measurement by when their requests were due. */
export class Windows {
  readonly #windowMs: number
  readonly #windows: Counts[] = []

  constructor(windowMs: number) {
    this.#windowMs = windowMs
  }

  /** @param dueMs since the start of the measurement */
  answered(dueMs: number, latencyMs: number, isAccepted: boolean): void {
    const index = Math.floor(dueMs / this.#windowMs)
    while (this.#windows.length <= index) this.#windows.push({ acceptedMs: [], refused: 0 })
    const window = this.#windows[index]
    if (window === undefined) return
    if (isAccepted) window.acceptedMs.push(latencyMs)
    else window.refused++
  }

  result(): LoadWindow[] {
    return this.#windows.map(({ acceptedMs, refused }, index) => ({
      fromMs: index * this.#windowMs,
      accepted: latenciesOf(acceptedMs),
      refused,
    }))
  }
}
