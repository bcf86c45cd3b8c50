import assert from 'node:assert/strict'
import type { ModelConfig } from '../../../archiver-cli/format/model-config.ts'
import {
  requestTimeoutMs,
  resolveSettings,
  type SettingDefaults,
  type VersionSettings,
} from '../../../frontend/core/settings.ts'
import { settings } from '../../support/artefacts.ts'

const DEFAULTS: SettingDefaults = {
  defaultWorkersPerModel: 2,
  maxBatchRows: 32,
  maxBatchDelayMs: 1,
  maxQueuedRequests: 100,
  inferenceTimeoutMs: 1000,
  startupTimeoutMs: 2000,
  maxRequestBytes: 3000,
}

/** One row per setting: the server's default, the archive's value, the call's value. */
const PRECEDENCE = {
  minWorkers: [2, 3, 4],
  workerProcesses: [undefined, 2, 3],
  intraOpThreads: [undefined, 1, 2],
  graphOptimization: [undefined, 'basic', 'disabled'],
  optimizedGraphCache: [true, false, true],
  weightSharing: ['auto', 'always', 'never'],
  maxBatchRows: [32, 8, 4],
  maxBatchDelayMs: [1, 5, 0],
  maxQueuedRequests: [100, 10, 20],
  inferenceTimeoutMs: [1000, 10, 20],
  startupTimeoutMs: [2000, 10, 20],
  maxRequestBytes: [3000, 10, 20],
  executionProviders: ['auto', ['cuda'], ['cpu']],
  deviceIds: [[], [1], [0]],
  maxResponseBytes: [undefined, 10, 20],
  maxBatchesInFlight: [undefined, 2, 3],
  clientTimeoutMs: [undefined, 10, 20],
  maxRetryTimeoutMs: [300_000, 10, 20],
  useJobTicket: [false, true, false],
  sequenceBatching: [undefined, { maxSequences: 2 }, { maxIdleMs: 10 }],
  scheduling: [undefined, { priorityLevels: 2 }, { preserveOrdering: true }],
  continuousBatching: [false, true, false],
  microBatching: [undefined, { microBatchRows: 2 }, { parallelism: { inference: 2 } }],
  serviceEnvelope: ['none', 'json', 'kserve'],
  decodeInputRequest: [true, false, true],
  deviceType: [undefined, 'gpu', 'cpu'],
  versionTransition: ['availability', 'resources', 'availability'],
  maxRequestRows: [undefined, 8, 4],
  outputLabels: [undefined, { y: ['a'] }, { y: ['b'] }],
  tritonConfig: [undefined, { name: 'a' }, { name: 'b' }],
} as const satisfies Partial<Record<keyof VersionSettings, readonly [unknown, unknown, unknown]>>

const settingsOf = (call: ModelConfig, archive: ModelConfig, declared?: ModelConfig) =>
  resolveSettings({ call, archive, declared }, DEFAULTS)

const SETTINGS = Object.keys(PRECEDENCE) as (keyof typeof PRECEDENCE)[] // the keys of the table above

describe('resolveSettings', () => {
  for (const key of SETTINGS) {
    const [ofServer, ofArchive, ofCall] = PRECEDENCE[key]
    const archive: ModelConfig = { [key]: ofArchive }

    it(`takes ${key} from the server when nobody else says it`, () =>
      assert.deepEqual(settingsOf({}, {})[key], ofServer))
    it(`prefers the archive's ${key} to the server's`, () =>
      assert.deepEqual(settingsOf({}, archive)[key], ofArchive))
    it(`prefers the call's ${key} to the archive's`, () =>
      assert.deepEqual(settingsOf({ [key]: ofCall }, archive)[key], ofCall))
    it(`takes an undefined ${key} of the call as not said`, () =>
      assert.deepEqual(settingsOf({ [key]: undefined }, archive)[key], ofArchive))
  }

  it('takes from the models property what call and archive leave open, and says who said what', () => {
    const { maxBatchRows, maxBatchDelayMs, maxQueuedRequests, inferenceTimeoutMs, sources } = settingsOf(
      { maxBatchRows: 1 },
      { maxBatchRows: 2, maxBatchDelayMs: 2 },
      { maxBatchRows: 3, maxBatchDelayMs: 3, maxQueuedRequests: 3 },
    )
    assert.deepEqual([maxBatchRows, maxBatchDelayMs, maxQueuedRequests, inferenceTimeoutMs], [1, 2, 3, 1000])
    assert.deepEqual(sources, {
      maxBatchRows: 'api',
      maxBatchDelayMs: 'archive',
      maxQueuedRequests: 'models property',
    })
  })

  it("hands the archive's handler settings on", () => {
    assert.deepEqual(settingsOf({}, { handler: { topK: 3 } }).handlerConfig, { topK: 3 })
    assert.deepEqual(settingsOf({}, {}).handlerConfig, {})
  })

  const WORKERS: readonly {
    readonly it: string
    readonly call?: ModelConfig
    readonly archive?: ModelConfig
    readonly workers: readonly [min: number, max: number]
  }[] = [
    { it: 'allows as many workers as it starts', workers: [2, 2] },
    { it: 'takes both bounds from the archive', archive: { minWorkers: 1, maxWorkers: 4 }, workers: [1, 4] },
    { it: 'takes both bounds from the call', call: { minWorkers: 3, maxWorkers: 5 }, workers: [3, 5] },
    {
      it: "does not hold the call's minimum against the archive's maximum",
      call: { minWorkers: 6 },
      archive: { minWorkers: 1, maxWorkers: 4 },
      workers: [6, 6],
    },
    {
      it: 'starts no more workers by default than the archive allows',
      archive: { maxWorkers: 1 },
      workers: [1, 1],
    },
    { it: 'can start none', call: { minWorkers: 0 }, workers: [0, 0] },
  ]
  for (const { it: claim, call = {}, archive = {}, workers } of WORKERS) {
    it(claim, () => {
      const { minWorkers, maxWorkers } = settingsOf(call, archive)
      assert.deepEqual([minWorkers, maxWorkers], workers)
    })
  }

  const REFUSED: readonly (readonly [it: string, call: ModelConfig, message: RegExp])[] = [
    ['a value out of its range', { maxBatchRows: 0 }, /bad value for 'maxBatchRows'/],
    ['a fraction', { minWorkers: 1.5 }, /bad value for 'minWorkers'/],
    ['a maximum below the minimum', { minWorkers: 4, maxWorkers: 3 }, /maxWorkers 3 below minWorkers 4/],
    [
      'two ways of batching',
      { sequenceBatching: {}, continuousBatching: true },
      /sequenceBatching and continuousBatching are both set/,
    ],
    [
      'several batches of sequences at a time on a worker',
      { sequenceBatching: {}, maxBatchesInFlight: 2 },
      /sequenceBatching runs one batch at a time on each worker, and maxBatchesInFlight is 2/,
    ],
    [
      'several turns at a time on a worker',
      { continuousBatching: true, maxBatchesInFlight: 2 },
      /continuousBatching runs one batch at a time on each worker, and maxBatchesInFlight is 2/,
    ],
    [
      'a sequence that is scheduled by priority',
      { sequenceBatching: {}, scheduling: {} },
      /sequenceBatching and scheduling are both set/,
    ],
    [
      'a preferred size that no batch may have',
      { maxBatchRows: 4, scheduling: { preferredBatchRows: [2, 6] } },
      /scheduling.preferredBatchRows has 6, above maxBatchRows 4/,
    ],
    [
      'an unknown setting',
      { maxBatchRow: 3 } as ModelConfig,
      /unknown key 'maxBatchRow'; did you mean 'maxBatchRows'/,
    ],
  ]
  for (const [claim, call, message] of REFUSED) {
    it(`refuses ${claim}`, () => {
      assert.throws(() => settingsOf(call, {}), { code: 'invalid_argument', message })
    })
  }
})

describe('requestTimeoutMs', () => {
  const CASES = [
    { it: 'is the inferenceTimeoutMs of the version', asked: [undefined], timeoutMs: 1000 },
    { it: 'yields to a shorter one of the caller', asked: [30], timeoutMs: 30 },
    { it: 'yields to the shortest one of the caller', asked: [30, undefined, 20], timeoutMs: 20 },
    { it: 'is not lengthened by the caller', asked: [9999], timeoutMs: 1000 },
    { it: 'is no longer than clientTimeoutMs', given: { clientTimeoutMs: 200 }, asked: [], timeoutMs: 200 },
    {
      it: 'yields to a shorter one than clientTimeoutMs',
      given: { clientTimeoutMs: 5000 },
      asked: [],
      timeoutMs: 1000,
    },
  ]
  for (const { it: claim, given = {}, asked, timeoutMs } of CASES) {
    it(claim, () => {
      assert.equal(requestTimeoutMs(settings(given), ...asked), timeoutMs)
    })
  }
})
