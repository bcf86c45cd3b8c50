export type SweepPoint = { readonly rows: number; readonly rowsPerSecond: number }

/** Two sizes this close are the same to a short measurement; the smaller one answers sooner. */
const NEAR = 0.97

/** The smallest batch that is about as fast as the fastest. */
export function bestBatch(sweep: readonly SweepPoint[]): number {
  const fastest = Math.max(...sweep.map(({ rowsPerSecond }) => rowsPerSecond))
  const near = sweep.filter(({ rowsPerSecond }) => rowsPerSecond >= NEAR * fastest)
  return Math.min(...near.map(({ rows }) => rows))
}
