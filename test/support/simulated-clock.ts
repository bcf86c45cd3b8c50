import type { Clock } from '../../frontend/core/clock.ts'

type Timer = { readonly dueMs: number; readonly call: () => void }

/** Turns of the microtask queue that the answer of a batch needs to reach its requests and free its worker. */
const SETTLING_TURNS = 16

/**
 * Time that runs as fast as the machine allows. Unlike `FakeClock` it never goes through the event loop, so that
 * minutes of traffic pass in a second; what it drives must settle by microtasks alone.
 */
export class SimulatedClock implements Clock {
  readonly #timers: Timer[] = []
  #nowMs = 0

  nowMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, call: () => void): () => void {
    const timer = { dueMs: this.#nowMs + Math.max(0, delayMs), call }
    const index = this.#timers.findIndex(({ dueMs }) => dueMs > timer.dueMs)
    this.#timers.splice(index === -1 ? this.#timers.length : index, 0, timer)
    return () => {
      const at = this.#timers.indexOf(timer)
      if (at !== -1) this.#timers.splice(at, 1)
    }
  }

  /** Moves time forward to this moment; due timers run in order. */
  async runUntil(untilMs: number): Promise<void> {
    for (let next = this.#timers[0]; next !== undefined && next.dueMs <= untilMs; next = this.#timers[0]) {
      this.#timers.shift()
      this.#nowMs = next.dueMs
      next.call()
      await settle()
    }
    this.#nowMs = untilMs
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < SETTLING_TURNS; turn++) await Promise.resolve()
}
