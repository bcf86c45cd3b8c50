import { measureGpu } from '../gpu/measure-gpu.ts'
import { deviceName, hasNvidiaGpu } from '../gpu/nvidia-samples.ts'
import { FULL_GPU_PLAN, QUICK_GPU_PLAN } from '../gpu/plan.ts'
import { resultOf } from '../gpu/report-gpu.ts'
import type { Suite, SuiteResult } from './suite.ts'

export const gpu: Suite = {
  name: 'gpu',
  about:
    'What is left of the engine’s own throughput on a GPU: ResNet-50 with seeded random weights, pixels in, 256 clients. `bench/gpu/` carries the same to a machine without network.',
  run: async (context) => {
    if (!hasNvidiaGpu()) return notMeasured('this machine has no NVIDIA GPU that nvidia-smi answers for')
    const plan = context.quick ? QUICK_GPU_PLAN : FULL_GPU_PLAN
    return resultOf(await measureGpu(plan, context), deviceName() ?? 'device 0')
  },
}

function notMeasured(reason: string): SuiteResult {
  return {
    settings: 'Not measured.',
    tables: [],
    charts: [],
    targets: [],
    ratios: {},
    skipped: [{ what: 'throughput and device busy on a GPU', reason }],
  }
}
