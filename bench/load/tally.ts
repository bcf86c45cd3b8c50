import type { Answer } from './answer-reader.ts'
import type { LoadResult } from './job.ts'
import { latenciesOf, percentile } from './percentile.ts'

export const isAccepted = (status: number) => status >= 200 && status < 300

/** Counts the answers of a measurement. */
export class Tally {
  readonly #acceptedMs: number[] = []
  readonly #refusedMs: number[] = []
  readonly #sentLateMs: number[] = []
  readonly #statuses: Record<string, number> = {}
  readonly #startedAtMs = performance.now()
  readonly #cpuBefore = process.cpuUsage()
  #firstRefusal: string | undefined
  #broken = 0

  answered({ status, start }: Answer, latencyMs: number): void {
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1
    if (isAccepted(status)) {
      this.#acceptedMs.push(latencyMs)
      return
    }
    this.#refusedMs.push(latencyMs)
    this.#firstRefusal ??= start.toString()
  }

  sent(lateMs: number): void {
    this.#sentLateMs.push(lateMs)
  }

  broke(): void {
    this.#broken++
  }

  /** Requests that have an answer or never will. */
  get settled(): number {
    return this.#answers + this.#broken
  }

  get #answers(): number {
    return this.#acceptedMs.length + this.#refusedMs.length
  }

  /** @param elapsedMs how long requests were counted; absent: until now */
  result(unanswered = 0, elapsedMs = performance.now() - this.#startedAtMs): LoadResult {
    const { user, system } = process.cpuUsage(this.#cpuBefore)
    return {
      requests: this.#answers,
      statuses: this.#statuses,
      accepted: latenciesOf(this.#acceptedMs),
      refused: latenciesOf(this.#refusedMs),
      ...(this.#firstRefusal === undefined ? {} : { firstRefusal: this.#firstRefusal }),
      broken: this.#broken,
      unanswered,
      elapsedMs,
      sentLateP99Ms: this.#sentLateMs.length === 0 ? 0 : percentile(this.#sentLateMs, 0.99),
      generatorCpuMs: (user + system) / 1000,
    }
  }
}
