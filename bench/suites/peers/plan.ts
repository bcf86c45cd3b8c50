export type Plan = {
  readonly models: readonly string[]
  readonly connections: number
  readonly repeats: number
  readonly warmUpMs: number
  readonly measureMs: number
}

export const FULL_PLAN: Plan = {
  models: ['tiny', 'mid'],
  connections: 32,
  repeats: 5,
  warmUpMs: 1000,
  measureMs: 3000,
}

export const QUICK_PLAN: Plan = {
  models: ['tiny'],
  connections: 32,
  repeats: 2,
  warmUpMs: 500,
  measureMs: 1000,
}
