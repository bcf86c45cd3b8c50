import assert from 'node:assert/strict'
import { warmUp, warmUpShape } from '../../../worker/thread/warmup.ts'
import { FakeSession } from '../../support/fake-session.ts'
import { keptLog } from '../../support/kept-log.ts'

describe('warmUp', () => {
  const CASES = [
    {
      it: 'runs one row and a full batch',
      shape: ['batch', 2],
      maxRows: 4,
      runs: [
        [1, 2],
        [4, 2],
      ],
    },
    { it: 'runs once when a batch is one row', shape: ['batch', 2], maxRows: 1, runs: [[1, 2]] },
    { it: 'takes 1 for other variable dimensions', shape: [-1, 'length', 3], maxRows: 1, runs: [[1, 1, 3]] },
    {
      it: 'leaves out a run of too many elements',
      shape: ['batch', 2 ** 20],
      maxRows: 64,
      runs: [[1, 2 ** 20]],
    },
  ]
  for (const { it: name, shape, maxRows, runs } of CASES) {
    it(name, async () => {
      const session = new FakeSession(shape)
      await warmUp(session, { maxRows, log: keptLog() })
      // A run is repeated, to be timed.
      const sizes = new Set(session.runs.map((shape) => JSON.stringify(shape)))
      assert.deepEqual(
        [...sizes],
        runs.map((shape) => JSON.stringify(shape)),
      )
    })
  }

  it('times a warm run of each size', async () => {
    const timed = await warmUp(new FakeSession(['batch', 2]), { maxRows: 4, log: keptLog() })
    assert.deepEqual(
      timed.map(({ rows, ms }) => [rows, ms > 0]),
      [
        [1, true],
        [4, true],
      ],
    )
  })

  it('tells no time of a size whose first run was slow: it may have compiled kernels', async () => {
    let nowMs = 0
    const session = new FakeSession(['batch', 2], (feeds) => {
      nowMs += session.runs.length === 1 ? 5000 : 3
      return feeds
    })
    const timed = await warmUp(session, { maxRows: 4, log: keptLog(), nowMs: () => nowMs })
    assert.deepEqual(timed, [{ rows: 4, ms: 3 }])
    assert.equal(session.runs.length, 3)
  })

  it('says in the log what a graph refused, and goes on', async () => {
    const session = new FakeSession(['batch', 2], () => {
      throw new Error('zeros are forbidden')
    })
    const log = keptLog()
    await warmUp(session, { maxRows: 4, log })
    assert.deepEqual(log.records[0], {
      level: 'warn',
      message: "warm-up with 'x' [1,2] was refused by the graph",
      fields: { error: 'zeros are forbidden' },
    })
    assert.equal(session.runs.length, 2)
  })
})

describe('warmUpShape', () => {
  it('keeps a fixed dimension 0', () => {
    assert.deepEqual(warmUpShape({ name: 'x', dtype: 'FP32', shape: [3, 'length'] }, 8), [3, 1])
  })
})
