import { deferred, type Deferred } from './deferred.ts'

/** Counts the handles that requests hold on a version. */
export class HandleCount {
  #held = 0
  #none: Deferred<void> | undefined

  take(): void {
    this.#held += 1
  }

  release(): void {
    this.#held -= 1
    if (this.#held > 0) return
    this.#none?.resolve()
    this.#none = undefined
  }

  /** Resolves once none is held. */
  async untilNone(): Promise<void> {
    if (this.#held === 0) return
    this.#none ??= deferred()
    await this.#none.promise
  }
}
