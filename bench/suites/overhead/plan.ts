/** How much is measured. In each round of a point each contender has one run, in alternating order. */
export type Plan = {
  readonly models: readonly string[]
  readonly connections: readonly number[]
  readonly rounds: number
  /** Of each contender, before the rounds of a point. */
  readonly warmUpMs: number
  readonly leadInMs: number
  readonly measureMs: number
  readonly rawLoopMs: number
  readonly lone: LonePlan
}

export type LonePlan = { readonly rounds: number; readonly measureMs: number }

export const FULL_PLAN: Plan = {
  models: ['tiny', 'mid'],
  connections: [1, 8, 32, 128],
  rounds: 20,
  warmUpMs: 2000,
  leadInMs: 150,
  measureMs: 600,
  rawLoopMs: 200,
  lone: { rounds: 10, measureMs: 2000 },
}

export const QUICK_PLAN: Plan = {
  models: ['tiny', 'mid'],
  connections: [1, 32],
  rounds: 6,
  warmUpMs: 600,
  leadInMs: 100,
  measureMs: 400,
  rawLoopMs: 100,
  lone: { rounds: 3, measureMs: 1000 },
}
