import assert from 'node:assert/strict'
import { OverloadGuard } from '../../../../frontend/core/batching/overload-guard.ts'

/** Whether the guard is up after batches at these times, whose youngest members had waited so long. */
function isUpAfter(batches: readonly (readonly [nowMs: number, waitedMs: number])[], targetWaitMs?: number) {
  const guard = new OverloadGuard()
  for (const [nowMs, waitedMs] of batches) guard.observe({ nowMs, waitedMs, targetWaitMs })
  return guard.isUp
}

const CASES: readonly {
  readonly it: string
  readonly batches: readonly (readonly [nowMs: number, waitedMs: number])[]
  readonly targetWaitMs?: number
  readonly isUp: boolean
}[] = [
  {
    it: 'rises when everybody has waited too long for 100 ms',
    batches: [
      [0, 126],
      [100, 126],
    ],
    targetWaitMs: 100,
    isUp: true,
  },
  {
    it: 'stays down before the 100 ms are over',
    batches: [
      [0, 999],
      [99, 999],
    ],
    targetWaitMs: 100,
    isUp: false,
  },
  {
    it: 'stays down while waits are as predicted, however long',
    batches: [
      [0, 100],
      [5000, 125],
    ],
    targetWaitMs: 100,
    isUp: false,
  },
  {
    it: 'starts anew after one that waited as predicted',
    batches: [
      [0, 999],
      [50, 1],
      [120, 999],
    ],
    targetWaitMs: 100,
    isUp: false,
  },
  {
    it: 'allows at least 20 ms over a short target',
    batches: [
      [0, 30],
      [200, 30],
    ],
    targetWaitMs: 10,
    isUp: false,
  },
  {
    it: 'stays down without a target',
    batches: [
      [0, 9999],
      [200, 9999],
    ],
    isUp: false,
  },
]

describe('OverloadGuard', () => {
  for (const { it: claim, batches, targetWaitMs, isUp } of CASES) {
    it(claim, () => assert.equal(isUpAfter(batches, targetWaitMs), isUp))
  }

  it('falls when the queue is empty, and not before', () => {
    const guard = new OverloadGuard()
    for (const nowMs of [0, 100]) guard.observe({ nowMs, waitedMs: 500, targetWaitMs: 100 })
    guard.observe({ nowMs: 101, waitedMs: 1, targetWaitMs: 100 })
    assert.equal(guard.isUp, true)
    guard.reset()
    assert.equal(guard.isUp, false)
  })

  it('lets requests wait for a batch of one row, or for 5 ms', () => {
    const guard = new OverloadGuard()
    assert.deepEqual([guard.freshMs(0.5), guard.freshMs(40)], [5, 40])
  })
})
