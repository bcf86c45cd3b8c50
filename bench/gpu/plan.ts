import type { ExecutionProvider } from '../../worker/contract/messages.ts'

export type GpuPlan = {
  readonly provider: Exclude<ExecutionProvider, 'cpu'>
  /** `small`: for trying the benchmark itself out, where there is no GPU. */
  readonly model: 'resnet-50' | 'small'
  readonly precision: 'FP16' | 'FP32'
  /** Rows per run that the loop tries. */
  readonly batchRows: readonly number[]
  readonly connections: number
  readonly sweepMs: number
  readonly repeats: number
  readonly warmUpMs: number
  readonly measureMs: number
  /** On a driver in software: the figures say nothing of a GPU. */
  readonly isSoftware: boolean
}

export const FULL_GPU_PLAN: GpuPlan = {
  provider: 'cuda',
  model: 'resnet-50',
  precision: 'FP32',
  batchRows: [1, 2, 4, 8, 16, 32, 64, 128],
  connections: 256,
  sweepMs: 3000,
  repeats: 5,
  warmUpMs: 3000,
  measureMs: 10_000,
  isSoftware: false,
}

/** Some 40 s on a GPU. */
export const QUICK_GPU_PLAN: GpuPlan = {
  ...FULL_GPU_PLAN,
  batchRows: [8, 32, 128],
  sweepMs: 1000,
  repeats: 2,
  warmUpMs: 1000,
  measureMs: 3000,
}

/** The smallest form, for a driver in software. */
export const TRIAL_GPU_PLAN: GpuPlan = {
  ...FULL_GPU_PLAN,
  provider: 'webgpu',
  model: 'small',
  batchRows: [1, 4],
  connections: 16,
  sweepMs: 300,
  repeats: 1,
  warmUpMs: 500,
  measureMs: 1500,
  isSoftware: true,
}
