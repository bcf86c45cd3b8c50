import { seededRandom } from '../../test/support/random.ts'
import type { OpenLoop } from './job.ts'

/** The gaps between the arrivals of an open loop, in milliseconds, without end. */
export function gapsMs({ requestsPerSecond, arrivals, seed }: OpenLoop): () => number {
  const meanMs = 1000 / requestsPerSecond
  if (arrivals === 'even') return () => meanMs
  const random = seededRandom(seed)
  // The inverse of the exponential distribution; 1 − random is never 0.
  return () => -Math.log(1 - random()) * meanMs
}
