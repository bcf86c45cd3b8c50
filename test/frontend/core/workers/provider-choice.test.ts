import assert from 'node:assert/strict'
import { chooseProvider, wantedProviders } from '../../../../frontend/core/workers/provider-choice.ts'
import type { ExecutionProvider, ProviderFinding } from '../../../../worker/contract/messages.ts'

const CUDA: ProviderFinding = { provider: 'cuda', usable: true, reason: 'NVIDIA X' }
const NO_CUDA: ProviderFinding = { provider: 'cuda', usable: false, reason: 'libcudnn.so.9 is missing' }
const WEBGPU: ProviderFinding = { provider: 'webgpu', usable: true, reason: 'adapter Y' }
const NO_WEBGPU: ProviderFinding = { provider: 'webgpu', usable: false, reason: 'no adapter' }
const CPU: ProviderFinding = { provider: 'cpu', usable: true, reason: 'always available' }

const CASES: readonly {
  readonly it: string
  readonly setting: 'auto' | readonly ExecutionProvider[]
  readonly findings: readonly ProviderFinding[]
  readonly provider: ExecutionProvider
  readonly reason: string
}[] = [
  {
    it: 'prefers CUDA in auto',
    setting: 'auto',
    findings: [WEBGPU, CUDA, CPU],
    provider: 'cuda',
    reason: 'chosen by auto',
  },
  {
    it: 'takes WebGPU in auto when CUDA does not run, and says why',
    setting: 'auto',
    findings: [NO_CUDA, WEBGPU, CPU],
    provider: 'webgpu',
    reason: 'chosen by auto; cuda is not usable: libcudnn.so.9 is missing',
  },
  {
    it: 'leaves TensorRT out of auto',
    setting: 'auto',
    findings: [{ provider: 'tensorrt', usable: true, reason: 'it ran' }, CUDA, CPU],
    provider: 'cuda',
    reason: 'chosen by auto',
  },
  {
    it: 'takes CUDA where the list prefers TensorRT and it does not run',
    setting: ['tensorrt', 'cuda'],
    findings: [{ provider: 'tensorrt', usable: false, reason: 'no libnvinfer.so.10' }, CUDA, CPU],
    provider: 'cuda',
    reason: 'configured; tensorrt is not usable: no libnvinfer.so.10',
  },
  {
    it: 'ends at the CPU in auto, and says why not a GPU',
    setting: 'auto',
    findings: [NO_CUDA, NO_WEBGPU, CPU],
    provider: 'cpu',
    reason: 'chosen by auto; cuda is not usable: libcudnn.so.9 is missing; webgpu is not usable: no adapter',
  },
  {
    it: 'takes the CPU in auto even when nothing was probed',
    setting: 'auto',
    findings: [],
    provider: 'cpu',
    reason: 'chosen by auto; cuda is not usable: it was not probed; webgpu is not usable: it was not probed',
  },
  {
    it: 'takes the CPU when it is configured, even beside a GPU',
    setting: ['cpu'],
    findings: [CUDA, WEBGPU, CPU],
    provider: 'cpu',
    reason: 'configured',
  },
  {
    it: 'follows the order of an explicit list',
    setting: ['webgpu', 'cuda'],
    findings: [CUDA, WEBGPU, CPU],
    provider: 'webgpu',
    reason: 'configured',
  },
  {
    it: 'falls back only to what an explicit list names',
    setting: ['cuda', 'cpu'],
    findings: [NO_CUDA, WEBGPU, CPU],
    provider: 'cpu',
    reason: 'configured; cuda is not usable: libcudnn.so.9 is missing',
  },
]

describe('chooseProvider', () => {
  for (const { it: claim, setting, findings, provider, reason } of CASES) {
    it(claim, () => assert.deepEqual(chooseProvider(setting, findings), { provider, reason }))
  }

  it('refuses a list of which nothing runs, with each reason, instead of the CPU in silence', () => {
    assert.throws(() => chooseProvider(['cuda', 'webgpu'], [NO_CUDA, NO_WEBGPU, CPU]), {
      code: 'failed_precondition',
      reason: 'execution_provider',
      message:
        "none of the model's executionProviders can run here: " +
        'cuda is not usable: libcudnn.so.9 is missing; webgpu is not usable: no adapter',
    })
  })
})

const WANTED: readonly {
  readonly it: string
  readonly executionProviders: 'auto' | readonly ExecutionProvider[]
  readonly deviceType?: 'cpu' | 'gpu'
  readonly gpus?: number
  readonly wanted: unknown
}[] = [
  { it: 'leaves auto to the server', executionProviders: 'auto', wanted: 'auto' },
  { it: 'takes a list as it is', executionProviders: ['webgpu', 'cpu'], wanted: ['webgpu', 'cpu'] },
  { it: 'takes no GPU for deviceType cpu', executionProviders: 'auto', deviceType: 'cpu', wanted: ['cpu'] },
  {
    it: 'never falls back to the CPU for deviceType gpu',
    executionProviders: 'auto',
    deviceType: 'gpu',
    wanted: ['cuda', 'webgpu'],
  },
  {
    it: 'keeps a list to the kind of device',
    executionProviders: ['webgpu', 'cpu'],
    deviceType: 'gpu',
    wanted: ['webgpu'],
  },
  {
    it: 'takes no GPU when the server has none',
    executionProviders: ['cuda', 'cpu'],
    gpus: 0,
    wanted: ['cpu'],
  },
]

describe('wantedProviders', () => {
  for (const { it: claim, executionProviders, deviceType, gpus = 1, wanted } of WANTED) {
    it(claim, () => assert.deepEqual(wantedProviders({ executionProviders, deviceType }, gpus), wanted))
  }

  it('refuses a list that holds nothing of the kind', () => {
    assert.throws(() => wantedProviders({ executionProviders: ['cuda'], deviceType: 'cpu' }, 1), {
      code: 'failed_precondition',
      message:
        'the model asks for deviceType cpu with executionProviders cuda, but no listed provider is of that kind',
    })
  })
})
