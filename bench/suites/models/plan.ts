export type Plan = {
  /** Rows per run that the loop tries. */
  readonly batchRows: readonly number[]
  readonly sweepMs: number
  /** Loop and server in turn. */
  readonly rounds: number
  readonly warmUpMs: number
  readonly measureMs: number
}

const BATCH_ROWS = [1, 2, 4, 8]

export const FULL_PLAN: Plan = {
  batchRows: BATCH_ROWS,
  sweepMs: 5000,
  rounds: 5,
  warmUpMs: 2000,
  measureMs: 10_000,
}

/** Some 20 s a model: a run of fewer seconds would have too few batches of the largest. */
export const QUICK_PLAN: Plan = {
  batchRows: BATCH_ROWS,
  sweepMs: 300,
  rounds: 3,
  warmUpMs: 400,
  measureMs: 1500,
}
