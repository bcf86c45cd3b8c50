import type { BatchResult } from '../contract/messages.ts'
import { processMs } from '../process/process-ms.ts'

/**
 * Runs the batches of a thread in turn, where it is sent the next before it has answered the last: a handler never
 * sees two at once, and the time in which one waited is none of its own.
 */
export class InTurn {
  readonly #nowMs: () => number
  #last: Promise<unknown> = Promise.resolve()

  constructor(nowMs: () => number = processMs) {
    this.#nowMs = nowMs
  }

  /** @param sentAtMs by the clock of the process */
  async take(sentAtMs: number, run: () => Promise<BatchResult>): Promise<BatchResult> {
    const waiting = this.#last
    let noteEnd: () => void = () => undefined
    this.#last = new Promise<void>((resolve) => (noteEnd = resolve))
    await waiting
    const waitedMs = this.#nowMs() - sentAtMs
    try {
      const result = await run()
      const { timing } = result
      return { ...result, timing: { ...timing, waitMs: (timing.waitMs ?? 0) + waitedMs } }
    } finally {
      // In a later turn of the event loop: the answer of this batch leaves before the next occupies the thread.
      setImmediate(noteEnd)
    }
  }
}
