/** Where a version stands with the failures of its workers. */
export type RetryState = {
  /** How long its workers may fail before the version counts as broken; they are tried on all the same. */
  readonly windowMs: number
  /** Time since the first failure that no successful load has followed; absent: none is failing. */
  readonly failingMs?: number
  readonly lastFailure?: string
  /** Time until a worker process is started again; absent: none waits. */
  readonly nextRetryMs?: number
}

export function retryStateOf(facts: {
  readonly windowMs: number
  readonly failingMs: number | undefined
  readonly lastFailure: string | undefined
  readonly backoffMs: number
}): RetryState {
  const { windowMs, failingMs, lastFailure, backoffMs } = facts
  return {
    windowMs,
    ...(failingMs === undefined ? {} : { failingMs }),
    ...(lastFailure === undefined ? {} : { lastFailure }),
    ...(backoffMs > 0 ? { nextRetryMs: backoffMs } : {}),
  }
}

/** Whether the workers have failed for longer than the window. */
export function isOverdue({ failingMs, windowMs }: RetryState): boolean {
  return failingMs !== undefined && failingMs >= windowMs
}

/** The sentence for operators once the window is over. */
export function overdueReason({ failingMs = 0, windowMs }: RetryState): string {
  const seconds = Math.floor(failingMs / MS_PER_SECOND)
  return `its workers have failed for ${seconds} s, and maxRetryTimeoutMs is ${windowMs}; they are started on and on, but look at the cause`
}

const MS_PER_SECOND = 1000
