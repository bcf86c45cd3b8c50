import assert from 'node:assert/strict'
import { planWorkers, type PlanRequest } from '../../../../frontend/core/workers/worker-plan.ts'

const REQUEST: PlanRequest = {
  workers: 1,
  workerProcesses: undefined,
  intraOpThreads: undefined,
  provider: 'cpu',
  deviceIds: [],
  cpus: 8,
}

/** `processes` lists threads@device of each worker process. */
const CASES: readonly (Partial<PlanRequest> & {
  readonly it: string
  readonly processes: string
  readonly threadsEach: number
  readonly why: string
})[] = [
  { it: 'gives one worker all CPUs', processes: '1@0', threadsEach: 8, why: '8 CPUs ÷ 1 worker' },
  {
    it: 'keeps CPU workers in one process',
    workers: 3,
    processes: '3@0',
    threadsEach: 2,
    why: '8 CPUs ÷ 3 workers',
  },
  {
    it: 'spreads workers evenly',
    workers: 5,
    workerProcesses: 2,
    processes: '3@0 2@0',
    threadsEach: 1,
    why: '8 CPUs ÷ 5 workers',
  },
  {
    it: 'never starts an empty process',
    workers: 2,
    workerProcesses: 5,
    processes: '1@0 1@0',
    threadsEach: 4,
    why: '8 CPUs ÷ 2 workers',
  },
  {
    it: 'gives each of too many workers one thread',
    workers: 9,
    cpus: 1,
    processes: '9@0',
    threadsEach: 1,
    why: '1 CPU ÷ 9 workers',
  },
  {
    it: 'takes a configured thread count',
    intraOpThreads: 3,
    processes: '1@0',
    threadsEach: 3,
    why: 'intraOpThreads=3 is configured',
  },
  {
    it: 'caps an absurd thread count',
    cpus: 1000,
    processes: '1@0',
    threadsEach: 256,
    why: '1000 CPUs ÷ 1 worker',
  },
  {
    it: 'gives each WebGPU worker its own process',
    provider: 'webgpu',
    workers: 3,
    processes: '1@0 1@0 1@0',
    threadsEach: 2,
    why: '8 CPUs ÷ 3 workers',
  },
  {
    it: 'gives each CUDA worker its own process',
    provider: 'cuda',
    workers: 2,
    workerProcesses: 1,
    processes: '1@0 1@0',
    threadsEach: 4,
    why: '8 CPUs ÷ 2 workers',
  },
  {
    it: 'deals GPU workers out over the devices',
    provider: 'cuda',
    workers: 5,
    deviceIds: [1, 3],
    processes: '1@1 1@3 1@1 1@3 1@1',
    threadsEach: 1,
    why: '8 CPUs ÷ 5 workers',
  },
]

describe('planWorkers', () => {
  for (const { it: claim, processes, threadsEach, why, ...request } of CASES) {
    it(claim, () => {
      const plan = planWorkers({ ...REQUEST, ...request })
      assert.equal(
        plan.processes.map(({ threads, device }) => `${threads}@${device.deviceId}`).join(' '),
        processes,
      )
      assert.equal(plan.intraOpThreads, threadsEach)
      assert.equal(plan.why, why)
      assert.ok(plan.processes.every(({ device }) => device.provider === (request.provider ?? 'cpu')))
    })
  }
})
