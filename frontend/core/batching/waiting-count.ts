import type { PendingRequest } from './pending-request.ts'

/** How much waits: requests, their rows, and their payloads in memory. */
export class WaitingCount {
  requests = 0
  rows = 0
  bytes = 0

  count(request: PendingRequest, sign: 1 | -1): void {
    this.requests += sign
    this.rows += sign * request.init.rows
    this.bytes += sign * request.bytes
  }
}
