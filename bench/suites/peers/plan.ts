export type Plan = {
  readonly models: readonly string[]
  readonly connections: number
  /** Each peer and OnnxServe in turn. */
  readonly rounds: number
  /** Of each, before the rounds: Python servers too start slowly. */
  readonly warmUpMs: number
  readonly leadInMs: number
  readonly measureMs: number
}

export const FULL_PLAN: Plan = {
  models: ['tiny', 'mid'],
  connections: 32,
  rounds: 10,
  warmUpMs: 3000,
  leadInMs: 200,
  measureMs: 1000,
}

export const QUICK_PLAN: Plan = {
  models: ['tiny'],
  connections: 32,
  rounds: 4,
  warmUpMs: 1000,
  leadInMs: 150,
  measureMs: 500,
}
