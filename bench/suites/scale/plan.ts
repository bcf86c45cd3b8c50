export type Plan = {
  readonly workers: readonly number[]
  /** How many models are registered at each step; ascending, the active ones counted. */
  readonly registered: readonly number[]
  readonly active: number
  /** Of all active models together, far from what the machine can do. */
  readonly requestsPerSecond: number
  /** Servers with so many workers in turn; then one with the active models alone, and one with all. */
  readonly rounds: number
  readonly warmUpMs: number
  readonly leadInMs: number
  readonly measureMs: number
  /** {@link Plan.measureMs} for the servers with so many workers. */
  readonly workersMs: number
}

const SHARED = { workers: [1, 2, 4], registered: [10, 100, 1000], active: 10, requestsPerSecond: 300 }

export const FULL_PLAN: Plan = {
  ...SHARED,
  rounds: 12,
  warmUpMs: 2000,
  leadInMs: 300,
  measureMs: 2000,
  workersMs: 1000,
}

export const QUICK_PLAN: Plan = {
  ...SHARED,
  rounds: 4,
  warmUpMs: 700,
  leadInMs: 200,
  measureMs: 1000,
  workersMs: 400,
}
