import type { BatchTiming } from '../../../worker/contract/messages.ts'
import type { Clock } from '../clock.ts'
import { ServiceTime } from '../service-time.ts'
import type { BatchFormer, Hold } from './batch-former.ts'
import type { BatchRunner, BatchRunners } from './runners.ts'

export type RunAheadOptions = {
  readonly clock: Clock
  readonly queue: { readonly rows: number }
  readonly former: Pick<BatchFormer, 'maxRows'>
}

/** What a worker holds whose steps overlap its runs. */
type Held = {
  /** In the order in which they were sent. */
  readonly batches: { readonly sentAtMs: number; readonly rows: number }[]
  /** When its engine ended the run of the batch that was answered last. */
  engineFreeAtMs: number
}

/** Predictions err: the batch is there by so much sooner than its steps are predicted to take. */
const LEAD = 1.25
const LEAD_MS = 1

/**
 * Decides when a worker gets a batch that its engine will run next, while it runs another: just in time to be
 * prepared by the end of that run, or at once when it is full. Until then more requests can join it. Nothing is
 * lost by that, for the engine is busy; sent at once, it would leave with the few that came since the last.
 */
export class RunAhead {
  readonly #options: RunAheadOptions
  readonly #held = new WeakMap<BatchRunner, Held>()
  /** The engine's part of a batch. */
  readonly #runTime = new ServiceTime()
  /** The rest: the way there and back, and the steps around the run. */
  readonly #restTime = new ServiceTime()

  constructor(options: RunAheadOptions) {
    this.#options = options
  }

  /** How long the next batch of a worker that takes one is kept back; undefined to send it now. */
  holdOf(runner: BatchRunner, { overlapsRuns }: Pick<BatchRunners, 'overlapsRuns'>): Hold | undefined {
    if (overlapsRuns !== true) return undefined
    const { clock, queue, former } = this.#options
    const held = this.#held.get(runner)
    const before = held?.batches.at(-1)
    if (held === undefined || before === undefined || queue.rows >= former.maxRows) return undefined
    const preparedAtMs = before.sentAtMs + this.#restTime.predictMs(before.rows)
    const endMs = Math.max(preparedAtMs, held.engineFreeAtMs) + this.#runTime.predictMs(before.rows)
    const leadMs = LEAD * this.#restTime.predictMs(queue.rows) + LEAD_MS
    const waitMs = endMs - leadMs - clock.nowMs()
    return waitMs > 0 ? { waitMs } : undefined
  }

  noteSent(runner: BatchRunner, rows: number): void {
    const held = this.#held.get(runner) ?? { batches: [], engineFreeAtMs: 0 }
    held.batches.push({ sentAtMs: this.#options.clock.nowMs(), rows })
    this.#held.set(runner, held)
  }

  noteAnswered(runner: BatchRunner, workerMs: number, timing: BatchTiming): void {
    const { rows, inferenceMs, waitMs = 0, postprocessMs } = timing
    const held = this.#held.get(runner)
    if (held !== undefined) {
      held.batches.shift()
      held.engineFreeAtMs = this.#options.clock.nowMs() - postprocessMs
    }
    if (rows === 0) return
    this.#runTime.observe(rows, inferenceMs)
    this.#restTime.observe(rows, Math.max(0, workerMs - inferenceMs - waitMs))
  }

  /** A batch of it ended with its thread or process. */
  noteLost(runner: BatchRunner): void {
    this.#held.delete(runner)
  }
}
