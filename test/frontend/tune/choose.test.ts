import assert from 'node:assert/strict'
import { chooseTrial, latencyMs, type Objective, type Trial } from '../../../frontend/tune/choose.ts'

type Facts = {
  readonly workers?: number
  readonly threads?: number
  readonly batchRows?: number
  readonly perSecond: number
  readonly p99Ms?: number
  readonly spread?: number
}

function trial({ workers = 1, threads = 1, batchRows = 8, perSecond, p99Ms = 10, spread = 0 }: Facts): Trial {
  return {
    combination: { provider: 'cpu', workers, intraOpThreads: threads, batchRows },
    replay: { requestsPerSecond: perSecond, rowsPerSecond: perSecond, p50Ms: p99Ms, p99Ms },
    spread,
    privateBytes: 0,
  }
}

const THROUGHPUT: Objective = { kind: 'throughput' }
const LATENCY: Objective = { kind: 'latency' }

const CASES: readonly {
  readonly claim: string
  readonly trials: readonly Facts[]
  readonly objective: Objective
  readonly batchRows: number | undefined
}[] = [
  {
    claim: 'the most requests per second for throughput',
    trials: [
      { batchRows: 1, perSecond: 100 },
      { batchRows: 8, perSecond: 300 },
      { batchRows: 16, perSecond: 200 },
    ],
    objective: THROUGHPUT,
    batchRows: 8,
  },
  {
    claim: 'the smaller batch of two that cannot be told apart',
    trials: [
      { batchRows: 8, perSecond: 295 },
      { batchRows: 16, perSecond: 300 },
    ],
    objective: THROUGHPUT,
    batchRows: 8,
  },
  {
    claim: 'the larger batch when it is clearly faster',
    trials: [
      { batchRows: 8, perSecond: 280 },
      { batchRows: 16, perSecond: 300 },
    ],
    objective: THROUGHPUT,
    batchRows: 16,
  },
  {
    claim: 'the smaller batch when the rounds of the best spread wide',
    trials: [
      { batchRows: 8, perSecond: 280 },
      { batchRows: 16, perSecond: 300, spread: 0.2 },
    ],
    objective: THROUGHPUT,
    batchRows: 8,
  },
  {
    claim: 'fewer threads in all before smaller batches',
    trials: [
      { batchRows: 8, workers: 2, perSecond: 300 },
      { batchRows: 16, workers: 1, perSecond: 300 },
    ],
    objective: THROUGHPUT,
    batchRows: 16,
  },
  {
    claim: 'the shortest wait for latency',
    trials: [
      { batchRows: 1, perSecond: 100, p99Ms: 2 },
      { batchRows: 8, perSecond: 300, p99Ms: 10 },
    ],
    objective: LATENCY,
    batchRows: 1,
  },
  {
    claim: 'the most within a bound on the wait',
    trials: [
      { batchRows: 1, perSecond: 100, p99Ms: 2 },
      { batchRows: 4, perSecond: 200, p99Ms: 5 },
      { batchRows: 8, perSecond: 300, p99Ms: 10 },
    ],
    objective: { kind: 'bounded', maxMs: 12 },
    batchRows: 4,
  },
  {
    claim: 'nothing when nothing keeps the bound',
    trials: [{ perSecond: 100, p99Ms: 20 }],
    objective: { kind: 'bounded', maxMs: 12 },
    batchRows: undefined,
  },
  { claim: 'nothing of nothing', trials: [], objective: THROUGHPUT, batchRows: undefined },
]

describe('chooseTrial takes', () => {
  for (const { claim, trials, objective, batchRows } of CASES) {
    it(claim, () => {
      assert.equal(chooseTrial(trials.map(trial), objective)?.combination.batchRows, batchRows)
    })
  }
})

it('latencyMs is twice a batch: the one that was just missed, and its own', () => {
  assert.equal(latencyMs(trial({ perSecond: 1, p99Ms: 7 })), 14)
})
