/** Sums over finished requests, for metrics that TorchServe keeps as sums. */
export class RequestTotals {
  requests = 0
  totalMs = 0
  queueMs = 0

  add(totalMs: number, queueMs: number): void {
    this.requests++
    this.totalMs += totalMs
    this.queueMs += queueMs
  }
}
