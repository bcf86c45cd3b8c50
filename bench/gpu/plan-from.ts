import { FULL_GPU_PLAN, QUICK_GPU_PLAN, TRIAL_GPU_PLAN, type GpuPlan } from './plan.ts'

export type GpuOptions = {
  readonly provider?: string | undefined
  readonly precision?: string | undefined
  /** Numbers separated by commas. */
  readonly batches?: string | undefined
  readonly connections?: string | undefined
  readonly quick?: boolean
  readonly trial?: boolean
}

const PROVIDERS = ['cuda', 'tensorrt', 'webgpu'] as const
const PRECISIONS = ['FP16', 'FP32'] as const
const MAX_ROWS = 4096
const MAX_CONNECTIONS = 10_000

/** @throws Error naming the option, its value and what is expected */
export function planFrom(options: GpuOptions): GpuPlan {
  const { provider, precision, batches, connections, quick = false, trial = false } = options
  const base = trial ? TRIAL_GPU_PLAN : quick ? QUICK_GPU_PLAN : FULL_GPU_PLAN
  return {
    ...base,
    ...(provider === undefined ? {} : { provider: oneOf(PROVIDERS, '--provider', provider) }),
    ...(precision === undefined ? {} : { precision: oneOf(PRECISIONS, '--precision', precision) }),
    ...(batches === undefined
      ? {}
      : { batchRows: batches.split(',').map((each) => count('--batches', each, MAX_ROWS)) }),
    ...(connections === undefined
      ? {}
      : { connections: count('--connections', connections, MAX_CONNECTIONS) }),
  }
}

function oneOf<T extends string>(allowed: readonly T[], option: string, value: string): T {
  const found = allowed.find((each) => each === value)
  if (found === undefined) throw new Error(`${option} is '${value}'; expected one of ${allowed.join(', ')}`)
  return found
}

function count(option: string, text: string, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : 0
  if (value < 1 || value > max)
    throw new Error(`${option} has '${text}'; expected an integer from 1 to ${max}`)
  return value
}
