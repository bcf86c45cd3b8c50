export type Plan = {
  readonly workers: readonly number[]
  /** How many models are registered at each step; ascending, the active ones counted. */
  readonly registered: readonly number[]
  readonly active: number
  /** Of all active models together, far from what the machine can do. */
  readonly requestsPerSecond: number
  readonly repeats: number
  readonly warmUpMs: number
  readonly measureMs: number
}

const SHARED = { workers: [1, 2, 4], registered: [10, 100, 1000], active: 10, requestsPerSecond: 300 }

export const FULL_PLAN: Plan = { ...SHARED, repeats: 5, warmUpMs: 1000, measureMs: 5000 }

export const QUICK_PLAN: Plan = { ...SHARED, repeats: 2, warmUpMs: 500, measureMs: 2500 }
