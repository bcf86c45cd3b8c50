import assert from 'node:assert/strict'
import type { VersionSettings } from '../../../../frontend/core/settings.ts'
import { batchesInFlightOf, mayOverlapRuns } from '../../../../frontend/core/workers/batches-in-flight.ts'
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
