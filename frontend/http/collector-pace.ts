/** The heap may grow to four times what was alive. V8's own choice goes down to 1.1 times when it collects often. */
const RELAXED_PERCENT = 300
/** Leaves the choice to V8. */
const OWN_PERCENT = 0
/** Of the last large body. */
const RELAXED_MS = 10_000

export type CollectorPaceOptions = {
  readonly setFlags: (flags: string) => void
  /** Calls once after a delay. @returns a function that cancels it */
  readonly after: (delayMs: number, call: () => void) => () => void
  /** No large body has come for a while. */
  readonly onReturn: () => void
}

/**
 * Lets V8 collect the whole heap less often while large bodies pass.
 *
 * V8 counts the memory of buffers towards the size at which it collects, and 16 MiB that pass in pieces are enough for
 * that: each large request then has all that the server keeps marked, which took two thirds of its processor time
 * (measured), though its own buffers need no more than the cheap collection of what is young. The flag is read when a
 * collection ends, so that setting it holds from the next one on (V8 11.3 to 13.6).
 */
export class CollectorPace {
  readonly #options: CollectorPaceOptions
  #cancelReturn: (() => void) | undefined

  constructor(options: CollectorPaceOptions) {
    this.#options = options
  }

  /** Relaxed from now on, for a while. */
  relax(): void {
    const { setFlags, after, onReturn } = this.#options
    if (this.#cancelReturn === undefined) setFlags(`--heap-growing-percent=${RELAXED_PERCENT}`)
    else this.#cancelReturn()
    this.#cancelReturn = after(RELAXED_MS, () => {
      this.#cancelReturn = undefined
      setFlags(`--heap-growing-percent=${OWN_PERCENT}`)
      onReturn()
    })
  }
}
