import assert from 'node:assert/strict'
import type { BatchRunner, BatchRunners } from '../../../frontend/core/batching/runners.ts'
import { replay } from '../../../frontend/tune/replay.ts'
import { SampleBatches } from '../../../frontend/tune/sample-batches.ts'
import { summaryOf } from '../../../frontend/tune/try-layout.ts'
import type { BatchRequest, BatchResult } from '../../../worker/contract/messages.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { echo, failure } from '../../support/fake-worker-process.ts'

const BATCH_MS = 10

describe('replay', () => {
  let clock: FakeClock
  let sizes: number[]
  let replyOf: (request: BatchRequest) => BatchResult['replies'][number]

  beforeEach(() => {
    clock = new FakeClock()
    sizes = []
    replyOf = echo
  })

  /** Takes 10 ms for a batch, whatever its size. */
  const runner: BatchRunner = {
    runningBatches: 0,
    run: async (requests) => {
      sizes.push(requests.length)
      await clock.advance(BATCH_MS)
      const timing = { preprocessMs: 0, inferenceMs: 0, postprocessMs: 0, rows: requests.length, runs: 1 }
      return { replies: requests.map(replyOf), timing }
    },
    cancel: () => undefined,
    kill: () => undefined,
  }
  const sample = { name: 'a.json', rows: 1, payload: { kind: 'parts', parts: [] } } as const
  const replayed = (
    changes: { readonly runner?: BatchRunner | undefined; readonly signal?: AbortSignal } = {},
  ) => {
    const picked = 'runner' in changes ? changes.runner : runner
    const runners: BatchRunners = { readyWorkers: 1, usesHeaders: true, pick: () => picked }
    return replay({
      runners,
      batches: new SampleBatches([sample]),
      batchRows: 4,
      inFlight: 1,
      durationMs: 100,
      timeoutMs: 1000,
      clock,
      signal: changes.signal ?? new AbortController().signal,
    })
  }

  it('counts what busy workers do', async () => {
    const { requestsPerSecond, rowsPerSecond, p50Ms, p99Ms } = await replayed()
    assert.deepEqual([requestsPerSecond, rowsPerSecond, p50Ms, p99Ms], [400, 400, BATCH_MS, BATCH_MS])
    assert.deepEqual(new Set(sizes), new Set([4]))
  })

  it('names the sample that is refused', async () => {
    replyOf = () => failure('invalid_argument', 'no such input')
    await assert.rejects(replayed(), {
      code: 'invalid_argument',
      message: "sample 'a.json' was not answered: no such input",
    })
  })

  it('ends when there is no worker left', () =>
    assert.rejects(replayed({ runner: undefined }), { code: 'unavailable' }))

  it('ends when it is interrupted', () =>
    assert.rejects(replayed({ signal: AbortSignal.abort() }), { name: 'AbortError' }))
})

it('summaryOf takes the round in the middle, and says how far the others are apart', () => {
  const rounds = [90, 130, 100].map((requestsPerSecond) => ({
    requestsPerSecond,
    rowsPerSecond: requestsPerSecond,
    p50Ms: 1,
    p99Ms: 1,
  }))
  const { replay: middle, spread } = summaryOf(rounds)
  assert.deepEqual([middle.requestsPerSecond, spread], [100, 0.4])
})
