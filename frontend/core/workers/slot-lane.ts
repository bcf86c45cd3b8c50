import type { BatchRunner, WorkerLane } from '../batching/runners.ts'
import type { WorkerSeat } from './worker-slot.ts'

/** One place of a worker process, through its restarts. It takes one batch per thread. */
export class SlotLane implements WorkerLane {
  readonly #slot: WorkerSeat
  readonly #set: { readonly usesHeaders: boolean }

  constructor(slot: WorkerSeat, set: { readonly usesHeaders: boolean }) {
    this.#slot = slot
    this.#set = set
  }

  get readyWorkers(): number {
    return this.#slot.process?.readyThreads ?? 0
  }

  get usesHeaders(): boolean {
    return this.#set.usesHeaders
  }

  get losses(): number {
    return this.#slot.losses
  }

  pick(isAlone: boolean): BatchRunner | undefined {
    const { process } = this.#slot
    if (process === undefined) return undefined
    return process.runningBatches < (isAlone ? Math.min(1, process.readyThreads) : process.readyThreads)
      ? process
      : undefined
  }
}
