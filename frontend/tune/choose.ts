import type { Combination } from './combinations.ts'
import type { Replay } from './replay.ts'

/** What is wanted most: requests per second, short waits, or the former within a bound of the latter. */
export type Objective =
  | { readonly kind: 'throughput' }
  | { readonly kind: 'latency' }
  | { readonly kind: 'bounded'; readonly maxMs: number }

export type Trial = {
  readonly combination: Combination
  /** Medians of its rounds. */
  readonly replay: Replay
  /** Largest less smallest throughput of its rounds, as a share of the median. */
  readonly spread: number
  /** Of all its worker processes, not shared with others; 0 where the system does not tell. */
  readonly privateBytes: number
}

/** What differs by less than this is the same; rounds that spread wider widen it. */
const NOISE_SHARE = 0.03

/**
 * The trial that serves the objective best. Among those that cannot be told apart, the cheapest: the fewest threads in
 * all, then the smallest batches.
 *
 * @returns undefined when none keeps the bound
 */
export function chooseTrial(trials: readonly Trial[], objective: Objective): Trial | undefined {
  const allowed = trials.filter(
    (trial) => objective.kind !== 'bounded' || latencyMs(trial) <= objective.maxMs,
  )
  const goodness = objective.kind === 'latency' ? (trial: Trial) => 1 / latencyMs(trial) : throughput
  const [best] = allowed.toSorted((a, b) => goodness(b) - goodness(a))
  if (best === undefined) return undefined
  const noise = Math.max(NOISE_SHARE, best.spread / 2)
  const alike = allowed.filter((trial) => goodness(trial) >= (1 - noise) * goodness(best))
  return alike.toSorted(byCost)[0]
}

const throughput = ({ replay }: Trial) => replay.requestsPerSecond

/**
 * What 99 of 100 requests wait at most while all workers are busy: one that just misses a batch waits for its end,
 * and then for its own.
 */
export function latencyMs({ replay }: Pick<Trial, 'replay'>): number {
  return 2 * replay.p99Ms
}

function byCost(a: Trial, b: Trial): number {
  return (
    threadsOf(a) - threadsOf(b) ||
    a.combination.workers - b.combination.workers ||
    a.combination.batchRows - b.combination.batchRows
  )
}

function threadsOf({ combination }: Trial): number {
  return combination.workers * combination.intraOpThreads
}
