import assert from 'node:assert/strict'
import { Statistics, type FailureReason } from '../../../frontend/core/statistics.ts'
import { ServingError, type ErrorCode } from '../../../worker/contract/errors.ts'
import type { BatchTiming } from '../../../worker/contract/messages.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const FACTS = { model: { name: 'm', version: '1' }, pendingRequests: 3, loadMs: 40 }
const timing = (rows: number, extra: Partial<BatchTiming> = {}): BatchTiming => ({
  preprocessMs: 1,
  inferenceMs: 2,
  postprocessMs: 4,
  rows,
  runs: 1,
  ...extra,
})
const answered = (rows?: number) => ({
  response: rows === undefined ? {} : { rows },
  timing: timing(8),
  queueMs: 16,
})
const ZERO = { count: 0, ns: 0 }

describe('the statistics of a version', () => {
  const statistics = () => new Statistics(new FakeClock())
  const read = (given: Statistics) => given.read(FACTS)

  it('are zeros at first, beside what is so now', () => {
    assert.deepEqual(read(statistics()), {
      ...FACTS,
      lastInferenceAtMs: 0,
      inferenceCount: 0,
      executionCount: 0,
      success: ZERO,
      fail: ZERO,
      queue: ZERO,
      computeInput: ZERO,
      computeInfer: ZERO,
      computeOutput: ZERO,
      batchStats: [],
      failures: { REJECTED: 0, CANCELED: 0, BACKEND: 0, OTHER: 0 },
    })
  })

  it('count each answered request with the time of its whole batch', () => {
    const given = statistics()
    given.requestAnswered(answered(3), 32)
    given.requestAnswered(answered(), 0.5)
    const { inferenceCount, success, queue, computeInput, computeInfer, computeOutput } = read(given)
    assert.equal(inferenceCount, 4)
    assert.deepEqual(success, { count: 2, ns: 32_500_000 })
    assert.deepEqual(queue, { count: 2, ns: 32_000_000 })
    assert.deepEqual(computeInput, { count: 2, ns: 2_000_000 })
    assert.deepEqual(computeInfer, { count: 2, ns: 4_000_000 })
    assert.deepEqual(computeOutput, { count: 2, ns: 8_000_000 })
  })

  it('know requests that bring no rows', () => {
    const given = statistics()
    given.requestAnswered(answered(0), 1)
    assert.equal(read(given).inferenceCount, 0)
    assert.equal(read(given).success.count, 1)
  })

  it('count an explanation as a request, but as no inference', () => {
    const given = statistics()
    given.requestAnswered(answered(3), 1, 'explain')
    const { inferenceCount, success, queue, lastInferenceAtMs } = read(given)
    assert.deepEqual([inferenceCount, success.count, queue.count, lastInferenceAtMs], [0, 1, 0, 0])
  })

  it('tell when the last answer was', async () => {
    const clock = new FakeClock()
    const given = new Statistics(clock)
    given.requestAnswered(answered(), 1)
    await clock.advance(60_000)
    const ago = Date.now() - read(given).lastInferenceAtMs
    assert.ok(ago >= 59_999 && ago < 70_000, `${ago} ms ago`)
  })

  it('keep engine calls apart by their rows', () => {
    const given = statistics()
    for (const rows of [8, 2, 8]) given.batchFinished(timing(rows))
    const { executionCount, batchStats } = read(given)
    assert.equal(executionCount, 3)
    assert.deepEqual(
      batchStats.map(({ batchRows, computeInfer }) => [batchRows, computeInfer]),
      [
        [2, { count: 1, ns: 2_000_000 }],
        [8, { count: 2, ns: 4_000_000 }],
      ],
    )
  })

  it('share the time of a batch among its engine calls by their rows', () => {
    const given = statistics()
    given.batchFinished(timing(4, { runs: 2, rowsOfRuns: [1, 3] }))
    const { executionCount, batchStats } = read(given)
    assert.equal(executionCount, 2)
    assert.deepEqual(
      batchStats.map(({ batchRows, computeInfer, computeOutput }) => [
        batchRows,
        computeInfer.ns,
        computeOutput.ns,
      ]),
      [
        [1, 500_000, 1_000_000],
        [3, 1_500_000, 3_000_000],
      ],
    )
  })

  it('share the time evenly among calls without rows', () => {
    const given = statistics()
    given.batchFinished(timing(0, { runs: 2, rowsOfRuns: [0, 0] }))
    assert.deepEqual(read(given).batchStats[0]?.computeInfer, { count: 2, ns: 2_000_000 })
  })

  it('know batches that did not reach the engine', () => {
    const given = statistics()
    given.batchFinished(timing(0, { runs: 0 }))
    assert.deepEqual(read(given).batchStats, [])
    assert.equal(read(given).executionCount, 0)
  })

  const FAILURES: readonly (readonly [
    code: ErrorCode,
    reason: string | undefined,
    counted: FailureReason,
  ])[] = [
    ['cancelled', 'client_gone', 'CANCELED'],
    ['resource_exhausted', 'queue_full', 'REJECTED'],
    ['deadline_exceeded', 'queue', 'REJECTED'],
    ['deadline_exceeded', 'worker', 'BACKEND'],
    ['resource_exhausted', 'worker_memory', 'BACKEND'],
    ['internal', undefined, 'BACKEND'],
    ['unavailable', 'worker_died', 'BACKEND'],
    ['invalid_argument', 'input', 'OTHER'],
    ['unimplemented', 'no_tensors', 'OTHER'],
  ]
  for (const [code, reason, counted] of FAILURES) {
    it(`count ${code} ${reason ?? ''} as a failure, ${counted}`, () => {
      const given = statistics()
      given.requestFailed(new ServingError(code, 'no', reason === undefined ? {} : { reason }), 2)
      const { fail, failures } = read(given)
      assert.deepEqual(fail, { count: 1, ns: 2_000_000 })
      assert.deepEqual(failures, { REJECTED: 0, CANCELED: 0, BACKEND: 0, OTHER: 0, [counted]: 1 })
    })
  }

  it('tell those refused at admission from those that failed', () => {
    const given = statistics()
    given.requestRejected()
    assert.equal(read(given).failures.REJECTED, 1)
    assert.deepEqual(read(given).fail, ZERO)
  })

  it('begin anew when told', () => {
    const given = statistics()
    given.requestAnswered(answered(), 1)
    given.batchFinished(timing(1))
    given.reset()
    assert.deepEqual(read(given), read(statistics()))
  })
})
