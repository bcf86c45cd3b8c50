import type { ModelId } from '../../../worker/contract/model-id.ts'
import { memoryTooSmall } from '../errors.ts'
import type { MemoryEstimate } from './memory-estimate.ts'

/** Whoever has taken memory: workers that start, then run, then end. */
export type MemoryHolder = {
  readonly isStopped: boolean
  readonly size: number
  readonly readyWorkers: number
}

export type MemoryBudgetOptions = {
  /** What this server and its workers may take together; 0: what the machine has free. */
  readonly limitBytes: number
  /** What the machine, or the cgroup of this process, has free. */
  readonly freeBytes: () => number
  /** What this process takes itself. */
  readonly ownBytes: () => number
}

/**
 * Refuses workers that the memory does not hold, instead of having one of them killed for it later.
 *
 * Workers that still load are not in what the system counts as taken; their estimate stands for them.
 */
export class MemoryBudget {
  readonly #options: MemoryBudgetOptions
  readonly #held = new Map<MemoryHolder, MemoryEstimate>()

  constructor(options: MemoryBudgetOptions) {
    this.#options = options
  }

  /** @throws ServingError `resource_exhausted` */
  check(model: ModelId, estimate: MemoryEstimate): void {
    const availableBytes = this.#availableBytes()
    if (estimate.totalBytes <= availableBytes) return
    throw memoryTooSmall(model, estimate.totalBytes, Math.max(0, availableBytes))
  }

  /** Counts the workers until they are stopped. */
  hold(holder: MemoryHolder, estimate: MemoryEstimate): void {
    this.#held.set(holder, estimate)
  }

  #availableBytes(): number {
    const { limitBytes, freeBytes, ownBytes } = this.#options
    for (const holder of this.#held.keys()) if (holder.isStopped) this.#held.delete(holder)
    const held = [...this.#held]
    if (limitBytes > 0) return limitBytes - ownBytes() - sum(held)
    return freeBytes() - sum(held.filter(([{ readyWorkers, size }]) => readyWorkers < size))
  }
}

function sum(held: readonly (readonly [MemoryHolder, MemoryEstimate])[]): number {
  return held.reduce((total, [, { totalBytes }]) => total + totalBytes, 0)
}
