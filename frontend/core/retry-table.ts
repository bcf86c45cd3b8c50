import type { Clock } from './clock.ts'

const FIRST_DELAY_MS = 1000
const MAX_DELAY_MS = 300_000

type Failure = { readonly error: Error; readonly attempts: number; readonly retryAtMs: number }

/**
 * What of each model failed, and when it is worth another attempt: after one second, then twice as long each time, at
 * most five minutes, and never given up: what is wrong may lie outside the server.
 */
export class RetryTable {
  readonly #clock: Clock
  readonly #failures = new Map<string, Map<string, Failure>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  failed(name: string, key: string, error: unknown): void {
    const attempts = (this.#failures.get(name)?.get(key)?.attempts ?? 0) + 1
    const delayMs = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempts - 1))
    const failure: Failure = {
      error: error instanceof Error ? error : new Error(String(error)),
      attempts,
      retryAtMs: this.#clock.nowMs() + delayMs,
    }
    const ofModel = this.#failures.get(name) ?? new Map<string, Failure>()
    this.#failures.set(name, ofModel.set(key, failure))
  }

  succeeded(name: string, key: string): void {
    this.#failures.get(name)?.delete(key)
  }

  forget(name: string): void {
    this.#failures.delete(name)
  }

  errorOf(name: string, key: string): Error | undefined {
    return this.#failures.get(name)?.get(key)?.error
  }

  /** Whether it failed lately. */
  isHeldBack(name: string, key: string): boolean {
    const failure = this.#failures.get(name)?.get(key)
    return failure !== undefined && this.#clock.nowMs() < failure.retryAtMs
  }
}
