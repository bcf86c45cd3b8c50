export type Plan = {
  /** Rows per run that the loop tries. */
  readonly batchRows: readonly number[]
  readonly sweepMs: number
  readonly repeats: number
  readonly warmUpMs: number
  readonly measureMs: number
}

const BATCH_ROWS = [1, 2, 4, 8]

export const FULL_PLAN: Plan = {
  batchRows: BATCH_ROWS,
  sweepMs: 5000,
  repeats: 5,
  warmUpMs: 2000,
  measureMs: 10_000,
}

/** Some 20 s a model. */
export const QUICK_PLAN: Plan = {
  batchRows: BATCH_ROWS,
  sweepMs: 500,
  repeats: 2,
  warmUpMs: 500,
  measureMs: 2500,
}
