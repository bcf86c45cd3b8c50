/**
 * Delay before the next start of a worker process.
 *
 * The first restart is immediate: a single crash should cost no more than the load. Then exponential with full
 * jitter, capped, and never given up: a cause outside the server may go away (TorchServe's retry window closes
 * for ever, its users' complaint).
 *
 * @param crashesInARow deaths since the process last stayed ready for {@link STABLE_AFTER_MS}.
 * @param random in [0, 1).
 * @see "Exponential Backoff and Jitter", AWS Architecture Blog
 */
export function restartDelayMs(crashesInARow: number, random: number): number {
  if (crashesInARow <= 1) return 0
  const ceilingMs = Math.min(MAX_DELAY_MS, BASE_DELAY_MS * 2 ** (crashesInARow - 2))
  return ceilingMs * random
}

const BASE_DELAY_MS = 100
const MAX_DELAY_MS = 30_000

/** A process that has been ready for so long forgets its earlier crashes. */
export const STABLE_AFTER_MS = 10_000
