/** What the decision about deadlines looks at: a batch that a free worker could run now. */
export type FitSnapshot = {
  readonly nowMs: number
  readonly members: readonly { readonly rows: number; readonly deadlineMs: number }[]
  /** Predicted time of a batch of so many rows; 0 while unknown. */
  readonly predictMs: (rows: number) => number
  /** More requests wait than one batch takes. */
  readonly isBacklogged: boolean
}

export type Fit =
  | { readonly kind: 'all' }
  /** These, by their places, would be late; others take theirs. */
  | { readonly kind: 'drop'; readonly late: readonly number[] }
  /** Only so many of the first are to run together. */
  | { readonly kind: 'cut'; readonly count: number }

/** A batch may take longer than predicted by this much and its members are still in time. */
export const PREDICTION_MARGIN = 1.1

/**
 * Who of a batch's members runs, so that none runs in vain or makes another one late.
 *
 * With a backlog, a member that would be late leaves its place to one that is not: work for answers that nobody
 * waits for any more is what makes an overloaded server useless. Without one, a worker would idle instead; so
 * nobody is dropped on a mere prediction, and the batch is cut to what its tightest member allows.
 */
export function fitToDeadlines(snapshot: FitSnapshot): Fit {
  return snapshot.isBacklogged ? withoutLate(snapshot) : cutToTightest(snapshot)
}

function withoutLate({ nowMs, members, predictMs }: FitSnapshot): Fit {
  const rows = members.reduce((sum, member) => sum + member.rows, 0)
  const endMs = nowMs + PREDICTION_MARGIN * predictMs(rows)
  const late = members.flatMap(({ deadlineMs }, index) => (endMs > deadlineMs ? [index] : []))
  return late.length === 0 ? { kind: 'all' } : { kind: 'drop', late }
}

function cutToTightest({ nowMs, members, predictMs }: FitSnapshot): Fit {
  let rows = 0
  let deadlineMs = Number.POSITIVE_INFINITY
  for (const [index, member] of members.entries()) {
    rows += member.rows
    deadlineMs = Math.min(deadlineMs, member.deadlineMs)
    const isLate = nowMs + PREDICTION_MARGIN * predictMs(rows) > deadlineMs
    if (isLate && index > 0) return { kind: 'cut', count: index }
  }
  return { kind: 'all' }
}
