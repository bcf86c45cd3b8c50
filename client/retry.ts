import type { OnnxServeError } from './errors.ts'

const FIRST_BACKOFF_MS = 100
const MAX_BACKOFF_MS = 10_000
const MS_PER_SECOND = 1000

export type RetryState = {
  /** Tries so far, the first included. */
  readonly tries: number
  readonly maxTries: number
  /** Until the deadline. */
  readonly remainingMs: number
}

/**
 * How long to wait before the next try; undefined: give up.
 *
 * Never earlier than the server asks. Otherwise anything up to a bound that doubles with each try: clients that were
 * refused together must not come back together ("full jitter").
 *
 * @param random from 0 to 1
 */
export function retryDelayMs(error: OnnxServeError, state: RetryState, random: number): number | undefined {
  if (!error.isRetryable || state.tries >= state.maxTries) return undefined
  const backoffMs = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (state.tries - 1)) * random
  const delayMs = (error.retryAfterMs ?? 0) + backoffMs
  return delayMs < state.remainingMs ? delayMs : undefined
}

/** `Retry-After` in either of its forms, seconds or a date; undefined when it is neither. @see RFC 9110, 10.2.3 */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined
  if (/^\d{1,9}$/.test(header)) return Number(header) * MS_PER_SECOND
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs)
}
