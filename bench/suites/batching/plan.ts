export type Plan = {
  /** Offered loads, × the capacity without batching, which is measured first. Ascending. */
  readonly loads: readonly number[]
  readonly warmUpMs: number
  readonly measureMs: number
}

export const FULL_PLAN: Plan = { loads: [0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4], warmUpMs: 1000, measureMs: 5000 }

export const QUICK_PLAN: Plan = { loads: [0.5, 1, 2, 4], warmUpMs: 500, measureMs: 2000 }
