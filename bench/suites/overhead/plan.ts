/** How much is measured. Each point is measured `repeats` times by each contender, in alternating order. */
export type Plan = {
  readonly models: readonly string[]
  readonly connections: readonly number[]
  readonly repeats: number
  readonly warmUpMs: number
  readonly measureMs: number
  readonly rawLoopMs: number
}

export const FULL_PLAN: Plan = {
  models: ['tiny', 'mid'],
  connections: [1, 8, 32, 128],
  repeats: 5,
  warmUpMs: 1000,
  measureMs: 3000,
  rawLoopMs: 2000,
}

export const QUICK_PLAN: Plan = {
  models: ['tiny', 'mid'],
  connections: [1, 32],
  repeats: 2,
  warmUpMs: 500,
  measureMs: 1000,
  rawLoopMs: 500,
}
