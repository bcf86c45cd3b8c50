import type { PendingRequest } from './pending-request.ts'

/** Requests that may share a batch, in the order in which they came; never empty. */
type Line = { readonly bucket: string; requests: PendingRequest[] }

/**
 * Waiting requests of one version: first come, first served, one line per shape bucket.
 *
 * Requests that survived the death of a worker process stand in a line of their own, before all others, and
 * leave it one at a time: each runs alone, so that if it kills a second worker, it is the culprit.
 */
export class RequestQueue {
  /** By the arrival of their first request. Few, and no `Map`, which keeps too long what comes and goes (see LiveList). */
  #lines: Line[] = []
  #suspects: PendingRequest[] = []
  #size = 0
  #rows = 0
  #bytes = 0

  get size(): number {
    return this.#size
  }

  get rows(): number {
    return this.#rows
  }

  /** What its requests' payloads take in memory. */
  get bytes(): number {
    return this.#bytes
  }

  get hasSuspect(): boolean {
    return this.#suspects.length > 0
  }

  push(request: PendingRequest): void {
    const { bucket } = request.init
    const line = this.#lineOf(bucket)
    if (line === undefined) this.#lines.push({ bucket, requests: [request] })
    else line.requests.push(request)
    this.#count(request, 1)
  }

  pushSuspect(request: PendingRequest): void {
    this.#suspects.push(request)
    this.#count(request, 1)
  }

  takeSuspect(): PendingRequest | undefined {
    const request = this.#suspects.shift()
    if (request !== undefined) this.#count(request, -1)
    return request
  }

  /** The next batch without taking it: how many rows of which bucket would go, and since when they wait. */
  peek(maxRows: number): BatchCandidate | undefined {
    const line = this.#oldestLine()?.requests
    const first = line?.[0]
    if (line === undefined || first === undefined) return undefined
    const count = countFitting(line, maxRows)
    const rows = sumRows(line, count)
    return {
      requests: count,
      rows,
      oldestArrivalMs: first.init.arrivedAtMs,
      earliestDeadlineMs: earliestDeadline(line, count),
      // A follower that does not fit proves that no later arrival can complete this batch any further.
      isComplete: rows >= maxRows || count < line.length,
    }
  }

  /** Takes the oldest request and those of its bucket that fit; one request over `maxRows` goes alone. */
  take(maxRows: number): PendingRequest[] {
    const line = this.#oldestLine()
    if (line === undefined) return []
    const batch = line.requests.splice(0, countFitting(line.requests, maxRows))
    for (const request of batch) this.#count(request, -1)
    if (line.requests.length === 0) this.#lines.splice(this.#lines.indexOf(line), 1)
    return batch
  }

  /** Takes back what was taken and is not run yet: of one bucket, in order, before all others of it. */
  putFirst(requests: readonly PendingRequest[]): void {
    const bucket = requests[0]?.init.bucket
    if (bucket === undefined) return
    const line = this.#lineOf(bucket)
    if (line === undefined) this.#lines.push({ bucket, requests: [...requests] })
    else line.requests.unshift(...requests)
    for (const request of requests) this.#count(request, 1)
  }

  hasBucket(bucket: string): boolean {
    return this.#lineOf(bucket) !== undefined
  }

  /** Takes every request for which the test holds, in any order. */
  remove(test: (request: PendingRequest) => boolean): PendingRequest[] {
    const removed: PendingRequest[] = []
    const isKept = (request: PendingRequest) => !test(request) || removed.push(request) === 0
    for (const line of this.#lines) line.requests = line.requests.filter(isKept)
    this.#lines = this.#lines.filter(({ requests }) => requests.length > 0)
    this.#suspects = this.#suspects.filter(isKept)
    for (const request of removed) this.#count(request, -1)
    return removed
  }

  #lineOf(bucket: string): Line | undefined {
    return this.#lines.find((line) => line.bucket === bucket)
  }

  #oldestLine(): Line | undefined {
    let oldest: Line | undefined
    let oldestMs = Number.POSITIVE_INFINITY
    for (const line of this.#lines) {
      const arrivedAtMs = line.requests[0]?.init.arrivedAtMs ?? Number.POSITIVE_INFINITY
      if (arrivedAtMs < oldestMs) [oldest, oldestMs] = [line, arrivedAtMs]
    }
    return oldest
  }

  #count(request: PendingRequest, sign: 1 | -1): void {
    this.#size += sign
    this.#rows += sign * request.init.rows
    this.#bytes += sign * request.bytes
  }
}

export type BatchCandidate = {
  readonly requests: number
  readonly rows: number
  readonly oldestArrivalMs: number
  readonly earliestDeadlineMs: number
  readonly isComplete: boolean
}

/** A batch is copied into one frame at once: beyond this size, more members cost more than a second engine call. */
export const MAX_BATCH_BYTES = 64 * 1024 * 1024

function countFitting(line: readonly PendingRequest[], maxRows: number): number {
  let rows = 0
  let bytes = 0
  for (const [index, request] of line.entries()) {
    rows += request.init.rows
    bytes += request.bytes
    if (rows > maxRows || bytes > MAX_BATCH_BYTES) return Math.max(1, index)
  }
  return line.length
}

function sumRows(line: readonly PendingRequest[], count: number): number {
  let rows = 0
  for (let i = 0; i < count; i++) rows += line[i]?.init.rows ?? 0
  return rows
}

function earliestDeadline(line: readonly PendingRequest[], count: number): number {
  let earliestMs = Number.POSITIVE_INFINITY
  for (let i = 0; i < count; i++) earliestMs = Math.min(earliestMs, line[i]?.init.deadlineMs ?? earliestMs)
  return earliestMs
}
