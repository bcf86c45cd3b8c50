import assert from 'node:assert/strict'
import type { BatchResult } from '../../../worker/contract/messages.ts'
import { InTurn } from '../../../worker/thread/in-turn.ts'
import { deferred } from '../../../frontend/core/deferred.ts'

const RESULT: BatchResult = {
  replies: [],
  timing: { preprocessMs: 1, inferenceMs: 2, postprocessMs: 3, rows: 1, runs: 1 },
}

describe('InTurn', () => {
  let nowMs = 0
  const turns = () => new InTurn(() => nowMs)

  it('starts a batch when the one before it has ended, and tells how long it waited', async () => {
    nowMs = 100
    const inTurn = turns()
    const [started, first, events] = [deferred<void>(), deferred<BatchResult>(), [] as string[]]
    const ended = inTurn.take(98, () => {
      events.push('first')
      started.resolve()
      return first.promise
    })
    const next = inTurn.take(110, async () => {
      events.push('second')
      return { ...RESULT, timing: { ...RESULT.timing, waitMs: 5 } }
    })
    await started.promise
    nowMs = 150
    first.resolve(RESULT)
    assert.equal((await ended).timing.waitMs, 2)
    assert.deepEqual(events, ['first'])
    assert.equal((await next).timing.waitMs, 45)
    assert.deepEqual(events, ['first', 'second'])
  })

  it('goes on after a batch that failed', async () => {
    const inTurn = turns()
    await assert.rejects(
      inTurn.take(0, () => Promise.reject(new Error('lost'))),
      /lost/,
    )
    assert.deepEqual((await inTurn.take(0, async () => RESULT)).replies, [])
  })
})
