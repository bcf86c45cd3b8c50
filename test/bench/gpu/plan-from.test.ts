import assert from 'node:assert/strict'
import { planFrom, type GpuOptions } from '../../../bench/gpu/plan-from.ts'
import { FULL_GPU_PLAN, QUICK_GPU_PLAN, TRIAL_GPU_PLAN } from '../../../bench/gpu/plan.ts'

describe('planFrom', () => {
  const CASES = [
    { it: 'measures at length on CUDA when told nothing', options: {}, plan: FULL_GPU_PLAN },
    { it: 'takes the quick form', options: { quick: true }, plan: QUICK_GPU_PLAN },
    { it: 'takes the trial on WebGPU', options: { trial: true }, plan: TRIAL_GPU_PLAN },
    {
      it: 'takes what it is told',
      options: { provider: 'tensorrt', precision: 'FP16', batches: '8,64', connections: '128' },
      plan: {
        ...FULL_GPU_PLAN,
        provider: 'tensorrt',
        precision: 'FP16',
        batchRows: [8, 64],
        connections: 128,
      },
    },
  ]
  for (const { it: claim, options, plan } of CASES) {
    it(claim, () => {
      assert.deepEqual(planFrom(options), plan)
    })
  }

  const REFUSED: readonly { readonly options: GpuOptions; readonly message: string }[] = [
    {
      options: { provider: 'rocm' },
      message: "--provider is 'rocm'; expected one of cuda, tensorrt, webgpu",
    },
    { options: { precision: 'INT8' }, message: "--precision is 'INT8'; expected one of FP16, FP32" },
    { options: { batches: '8,0' }, message: "--batches has '0'; expected an integer from 1 to 4096" },
    {
      options: { connections: 'many' },
      message: "--connections has 'many'; expected an integer from 1 to 10000",
    },
  ]
  for (const { options, message } of REFUSED) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      assert.throws(() => planFrom(options), { message })
    })
  }
})
