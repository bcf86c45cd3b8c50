import assert from 'node:assert/strict'
import { GpuTurns, type TurnsRequest } from '../../../../frontend/core/workers/gpu-turns.ts'

const REQUEST: TurnsRequest = { provider: 'cuda', deviceIds: [], workers: 1, taken: [] }

const CASES: readonly {
  readonly it: string
  readonly gpus: number
  readonly requests: readonly Partial<TurnsRequest>[]
  readonly taken: readonly (readonly number[])[]
}[] = [
  {
    it: 'deals workers out one by one',
    gpus: 3,
    requests: [{ workers: 4 }],
    taken: [[0, 1, 2, 0]],
  },
  {
    it: 'goes on where models that load at the same time have ended',
    gpus: 3,
    requests: [{ workers: 2 }, { workers: 2 }, { workers: 1 }],
    taken: [[0, 1], [2, 0], [1]],
  },
  {
    it: 'fills up the device with the fewest workers',
    gpus: 2,
    requests: [{ workers: 3, taken: [0, 0, 1] }],
    taken: [[1, 0, 1]],
  },
  {
    it: 'follows the list of a model, number by number',
    gpus: 4,
    requests: [{ workers: 4, deviceIds: [3, 3, 1], taken: [3, 3, 3] }],
    taken: [[3, 3, 1, 3]],
  },
  {
    it: 'has one device for WebGPU',
    gpus: 4,
    requests: [{ provider: 'webgpu', workers: 2 }],
    taken: [[0, 0]],
  },
  { it: 'has no device for the CPU', gpus: 2, requests: [{ provider: 'cpu', deviceIds: [9] }], taken: [[]] },
]

const REFUSALS: readonly {
  readonly it: string
  readonly gpus: number
  readonly request: Partial<TurnsRequest>
  readonly message: string
}[] = [
  {
    it: 'refuses a device that there is not',
    gpus: 2,
    request: { deviceIds: [1, 2] },
    message:
      'deviceIds names device 2, but this server uses 2 GPUs, devices 0 to 1: name one of these, or set number_of_gpu if there are more',
  },
  {
    it: 'refuses a second device where there is one',
    gpus: 1,
    request: { provider: 'tensorrt', deviceIds: [1] },
    message:
      'deviceIds names device 1, but this server uses one GPU, device 0: name one of these, or set number_of_gpu if there are more',
  },
  {
    it: 'refuses to choose a device for WebGPU, which cannot',
    gpus: 2,
    request: { provider: 'webgpu', deviceIds: [1] },
    message:
      "deviceIds names device 1, but WebGPU runs on the system's default adapter alone, which is device 0: leave deviceIds out",
  },
]

describe('GpuTurns', () => {
  for (const { it: claim, gpus, requests, taken } of CASES) {
    it(claim, () => {
      const turns = new GpuTurns(gpus)
      assert.deepEqual(
        requests.map((request) => turns.take({ ...REQUEST, ...request })),
        taken,
      )
    })
  }

  for (const { it: claim, gpus, request, message } of REFUSALS) {
    it(claim, () => {
      assert.throws(() => new GpuTurns(gpus).take({ ...REQUEST, ...request }), {
        code: 'failed_precondition',
        reason: 'execution_provider',
        message,
      })
    })
  }
})
