import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../../frontend/core/clock.ts'

type Timer = { readonly dueMs: number; readonly call: () => void }

/** Time that stands still until a test moves it. */
export class FakeClock implements Clock {
  readonly #timers = new Set<Timer>()
  #nowMs = 0

  nowMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, call: () => void): () => void {
    const timer = { dueMs: this.#nowMs + Math.max(0, delayMs), call }
    this.#timers.add(timer)
    return () => {
      this.#timers.delete(timer)
    }
  }

  get pendingTimers(): number {
    return this.#timers.size
  }

  /** Moves time forward; due timers run in order, each after the promises that the one before it has settled. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    await settlePromises()
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.#timers.delete(next)
      this.#nowMs = next.dueMs
      next.call()
      await settlePromises()
    }
    this.#nowMs = untilMs
  }

  #next(untilMs: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.dueMs <= untilMs && timer.dueMs < (first?.dueMs ?? Number.POSITIVE_INFINITY)) first = timer
    }
    return first
  }
}

/** One whose turns a test ends by hand. */
export class TurnClock extends FakeClock {
  #due: (() => void)[] = []

  atTurnEnd(call: () => void): void {
    this.#due.push(call)
  }

  endTurn(): void {
    const due = this.#due
    this.#due = []
    for (const call of due) call()
  }
}

/** Lets every promise that can settle without a timer or the outside world do so. */
export async function settlePromises(): Promise<void> {
  await setImmediate()
}

/** Waits for what the disk has a part in. */
export async function until(test: () => boolean): Promise<void> {
  const endMs = performance.now() + MAX_WAIT_MS
  while (!test()) {
    if (performance.now() > endMs) throw new Error(`waited in vain until ${test.toString()}`)
    await settlePromises()
  }
}

/** Above mocha's limit: it only keeps a test that has failed already from turning for ever. */
const MAX_WAIT_MS = 20_000
