/** Batches by why they took no more requests. */
export type ClosedBy = Readonly<Record<string, number>>

const LINE = /^onnxserve_batches_closed_total\{.*\breason="(\w+)".*\} (\S+)$/gm

/** From the text that Prometheus reads, all models together. */
export function closedByOf(metrics: string): ClosedBy {
  const counts: Record<string, number> = {}
  for (const [, reason = '', count] of metrics.matchAll(LINE))
    counts[reason] = (counts[reason] ?? 0) + Number(count)
  return counts
}

export function difference(after: ClosedBy, before: ClosedBy): ClosedBy {
  const entries = Object.entries(after).map(
    ([reason, count]) => [reason, count - (before[reason] ?? 0)] as const,
  )
  return Object.fromEntries(entries.filter(([, count]) => count > 0))
}
