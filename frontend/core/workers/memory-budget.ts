import type { ModelId } from '../../../worker/contract/model-id.ts'
import { memoryTooSmall } from '../errors.ts'
import type { MemoryEstimate } from './memory-estimate.ts'

/** Whoever has taken memory: workers that start, then run, then end. */
export type MemoryHolder = {
  readonly isStopped: boolean
  readonly size: number
  readonly readyWorkers: number
  /** Its processes. */
  readonly pids: readonly number[]
}

export type MemoryBudgetOptions = {
  /** What this server and its workers may take together; 0: what the machine has free. */
  readonly limitBytes: number
  /** What the machine, or the cgroup of this process, has free. */
  readonly freeBytes: () => number
  /** What this process takes itself. */
  readonly ownBytes: () => number
  /** What a process of workers takes by now. */
  readonly takenBytes: (pid: number) => number
}

/**
 * Refuses workers that the memory does not hold, instead of having one of them killed for it later.
 *
 * What workers that still load have not taken yet is not in what the system counts: the rest of their estimate
 * stands for it.
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
    if (limitBytes > 0) return limitBytes - ownBytes() - sum(held.map(([, { totalBytes }]) => totalBytes))
    const loading = held.filter(([{ readyWorkers, size }]) => readyWorkers < size)
    return freeBytes() - sum(loading.map(([{ pids }, estimate]) => this.#yetToTake(pids, estimate)))
  }

  #yetToTake(pids: readonly number[], { totalBytes }: MemoryEstimate): number {
    return Math.max(0, totalBytes - sum(pids.map(this.#options.takenBytes)))
  }
}

function sum(bytes: readonly number[]): number {
  return bytes.reduce((total, each) => total + each, 0)
}
