import type { PendingRequest } from '../pending-request.ts'
import { MAX_BATCH_BYTES, type BatchCandidate } from '../request-queue.ts'
import { WaitingCount } from '../waiting-count.ts'
import type { QueuePolicies } from './queue-policies.ts'
import type { BatchQueue } from './schedule.ts'

/** So often the request that has waited longest leads a batch, whatever its priority: none starves. */
export const FAIR_TURN = 16

type Candidate = { readonly requests: readonly PendingRequest[]; readonly isComplete: boolean }

/**
 * Waiting requests of one version by priority: the highest level first, within a level those that were put back
 * last, else first come, first served. A batch may hold requests of several levels, of one bucket.
 */
export class PriorityQueue implements BatchQueue {
  readonly #policies: QueuePolicies
  /** Two for each level: those that wait, and those that were put back for having waited too long. */
  readonly #lines: PendingRequest[][]
  #suspects: PendingRequest[] = []
  readonly #count = new WaitingCount()
  #batches = 0

  constructor(policies: QueuePolicies) {
    this.#policies = policies
    this.#lines = Array.from({ length: policies.levels * 2 }, () => [])
  }

  get size(): number {
    return this.#count.requests
  }

  get rows(): number {
    return this.#count.rows
  }

  get bytes(): number {
    return this.#count.bytes
  }

  get hasSuspect(): boolean {
    return this.#suspects.length > 0
  }

  /** How many of a level wait. */
  sizeOf(level: number): number {
    return this.#line(level, false).length + this.#line(level, true).length
  }

  push(request: PendingRequest): void {
    this.#line(this.#policies.levelOf(request.init), false).push(request)
    this.#count.count(request, 1)
  }

  /** Lets all others of its level go first. */
  putBack(request: PendingRequest): void {
    this.#line(this.#policies.levelOf(request.init), true).push(request)
    this.#count.count(request, 1)
  }

  pushSuspect(request: PendingRequest): void {
    this.#suspects.push(request)
    this.#count.count(request, 1)
  }

  takeSuspect(): PendingRequest | undefined {
    const request = this.#suspects.shift()
    if (request !== undefined) this.#count.count(request, -1)
    return request
  }

  peek(maxRows: number): (BatchCandidate & { readonly sums: readonly number[] }) | undefined {
    const { requests, isComplete } = this.#candidate(maxRows)
    if (requests.length === 0) return undefined
    let rows = 0
    const sums = requests.map(({ init }) => (rows += init.rows))
    const oldestArrivalMs = Math.min(...requests.map(({ init }) => init.arrivedAtMs))
    const earliestDeadlineMs = Math.min(...requests.map(({ init }) => init.deadlineMs))
    return {
      requests: requests.length,
      rows,
      sums,
      oldestArrivalMs,
      earliestDeadlineMs,
      isComplete: isComplete || rows >= maxRows,
    }
  }

  take(maxRows: number): PendingRequest[] {
    const { requests } = this.#candidate(maxRows)
    this.#batches += 1
    const taken = new Set(requests)
    return this.removeWaiting((request) => taken.has(request))
  }

  putFirst(requests: readonly PendingRequest[]): void {
    for (const request of requests.toReversed()) {
      this.#line(this.#policies.levelOf(request.init), false).unshift(request)
      this.#count.count(request, 1)
    }
  }

  hasBucket(bucket: string): boolean {
    return this.#lines.some((line) => line.some(({ init }) => init.bucket === bucket))
  }

  remove(test: (request: PendingRequest) => boolean): PendingRequest[] {
    const suspects: PendingRequest[] = []
    this.#suspects = this.#suspects.filter((request) => !test(request) || suspects.push(request) === 0)
    for (const request of suspects) this.#count.count(request, -1)
    return [...suspects, ...this.removeWaiting(test)]
  }

  /** @param isFirstTime leaves those alone that were put back */
  removeWaiting(test: (request: PendingRequest) => boolean, isFirstTime = false): PendingRequest[] {
    const removed: PendingRequest[] = []
    for (const [index, line] of this.#lines.entries()) {
      if (isFirstTime && index % 2 === 1) continue
      const kept = line.filter((request) => !test(request) || removed.push(request) === 0)
      if (kept.length < line.length) this.#lines[index] = kept
    }
    for (const request of removed) this.#count.count(request, -1)
    return removed
  }

  /** The leader, and those of its bucket that fit beside it, in order; one request over `maxRows` goes alone. */
  #candidate(maxRows: number): Candidate {
    const leader = this.#leader()
    if (leader === undefined) return { requests: [], isComplete: false }
    const requests = [leader]
    let { rows } = leader.init
    let { bytes } = leader
    for (const request of this.#lines.flat()) {
      if (request === leader || request.init.bucket !== leader.init.bucket) continue
      rows += request.init.rows
      bytes += request.bytes
      if (rows > maxRows || bytes > MAX_BATCH_BYTES) return { requests, isComplete: true }
      requests.push(request)
    }
    return { requests, isComplete: false }
  }

  #leader(): PendingRequest | undefined {
    const heads = this.#lines.flatMap((line) => line.slice(0, 1))
    if ((this.#batches + 1) % FAIR_TURN !== 0) return heads[0]
    return heads.reduce<PendingRequest | undefined>(
      (oldest, each) =>
        oldest === undefined || each.init.arrivedAtMs < oldest.init.arrivedAtMs ? each : oldest,
      undefined,
    )
  }

  #line(level: number, isPutBack: boolean): PendingRequest[] {
    const index = (level - 1) * 2 + (isPutBack ? 1 : 0)
    const line = this.#lines[index]
    if (line === undefined) throw new Error(`there is no priority ${level} of ${this.#policies.levels}`)
    return line
  }
}
