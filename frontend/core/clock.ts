/** Time as core sees it: monotonic, and replaced by hand in tests. */
export interface Clock {
  /** Milliseconds since an arbitrary start; never goes back. */
  nowMs(): number
  /** Calls once after a delay, and does not keep the process alive. @returns a function that cancels it. */
  after(delayMs: number, call: () => void): () => void
  /** Calls once when everything that has arrived by now has been taken in. Absent: there is no such moment. */
  atTurnEnd?(call: () => void): void
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after(delayMs, call) {
    const timer = setTimeout(call, delayMs)
    timer.unref()
    return () => {
      clearTimeout(timer)
    }
  },
  // Runs behind the events of all sockets that this turn of the event loop found ready.
  atTurnEnd: setImmediate,
}
