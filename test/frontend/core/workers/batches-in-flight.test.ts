import assert from 'node:assert/strict'
import type { VersionSettings } from '../../../../frontend/core/settings.ts'
import {
  batchesInFlightOf,
  mayOverlapRuns,
  mayTakeNext,
} from '../../../../frontend/core/workers/batches-in-flight.ts'
import type { ExecutionProvider } from '../../../../worker/contract/messages.ts'
import { settings } from '../../../support/artefacts.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { FakeWorkers } from '../../../support/fake-worker-process.ts'
import { workerSet } from '../../../support/worker-sets.ts'

type Case = {
  readonly it: string
  readonly provider: ExecutionProvider
  readonly changes: Partial<VersionSettings>
  readonly may: boolean
  /** Of a handler that could. */
  readonly perWorker: number
  readonly reason: RegExp
}

const CASES: readonly Case[] = [
  { it: 'a GPU', provider: 'webgpu', changes: {}, may: true, perWorker: 2, reason: /while the GPU runs/ },
  { it: 'the CPU', provider: 'cpu', changes: {}, may: false, perWorker: 1, reason: /the CPU takes one/ },
  {
    it: 'a model that has one at a time',
    provider: 'cuda',
    changes: { maxBatchesInFlight: 1 },
    may: false,
    perWorker: 1,
    reason: /^configured$/,
  },
  {
    it: 'a model that has three',
    provider: 'cuda',
    changes: { maxBatchesInFlight: 3 },
    may: true,
    perWorker: 3,
    reason: /^configured; one is prepared/,
  },
  {
    it: 'sequences',
    provider: 'cuda',
    changes: { sequenceBatching: {} },
    may: false,
    perWorker: 1,
    reason: /keeps state/,
  },
  {
    it: 'requests that go on',
    provider: 'tensorrt',
    changes: { continuousBatching: true },
    may: false,
    perWorker: 1,
    reason: /keeps state/,
  },
]

describe('batches in flight', () => {
  /** Workers whose handler does what it may. */
  const workersOf = ({ maxBatchesInFlight }: VersionSettings, overlapsRuns: boolean) => {
    const workers = new FakeWorkers()
    const set = workerSet({ workers, clock: new FakeClock(), maxBatchesInFlight })
    workers.latest().ready(1, overlapsRuns ? { overlapsRuns } : {})
    return set
  }

  for (const { it: on, provider, changes, may, perWorker, reason } of CASES) {
    it(`are ${perWorker} for each worker on ${on}`, () => {
      const [all, device] = [settings(changes), { provider, deviceId: 0 }]
      assert.equal(mayOverlapRuns(all, device), may)
      const described = batchesInFlightOf(all, device, workersOf(all, may))
      assert.equal(described.perWorker, perWorker)
      assert.match(described.reason, reason)
    })
  }

  const CPU = { provider: 'cpu', deviceId: 0 } as const
  const NEXT = [
    { it: 'a lone worker on the CPU', changes: {}, device: CPU, may: true },
    { it: 'one of two', changes: { minWorkers: 2 }, device: CPU, may: false },
    { it: 'a worker on a GPU', changes: {}, device: { provider: 'cuda', deviceId: 0 }, may: false },
    { it: 'one with a number of its own', changes: { maxBatchesInFlight: 1 }, device: CPU, may: false },
    { it: 'one that keeps state', changes: { continuousBatching: true }, device: CPU, may: false },
    { it: 'one that is asked only when idle', changes: { useJobTicket: true }, device: CPU, may: false },
  ] as const
  for (const { it: whose, changes, device, may } of NEXT) {
    it(`${may ? 'may' : 'may not'} be two where the next waits for the engine: ${whose}`, () => {
      assert.equal(mayTakeNext(settings(changes), device), may)
    })
  }

  it('are two where the runs of a worker on the CPU take long', () => {
    const workers = new FakeWorkers()
    const set = workerSet({ workers, clock: new FakeClock() })
    workers.latest().ready(1, { takesNext: true })
    const described = batchesInFlightOf(settings(), CPU, set)
    assert.equal(described.perWorker, 2)
    assert.match(described.reason, /the next is there when/)
  })

  it('say what to do where a handler answers whole batches', () => {
    const all = settings()
    const described = batchesInFlightOf(all, { provider: 'cuda', deviceId: 0 }, workersOf(all, false))
    assert.equal(described.perWorker, 1)
    assert.match(described.reason, /answers whole batches .* set maxBatchesInFlight to 2/)
  })

  it('are none without workers', () => {
    const described = batchesInFlightOf(settings(), { provider: 'cuda', deviceId: 0 }, undefined)
    assert.deepEqual(described, { perWorker: 0, reason: 'no workers' })
  })
})
