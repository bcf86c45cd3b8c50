import assert from 'node:assert/strict'
import { ALL_BATCH_IDS } from '../../../../worker/contract/batch-ids.ts'
import { runFrame } from '../../../support/run-frame.ts'
import { BatchTable } from '../../../../frontend/core/workers/batch-table.ts'

const ANSWER = {
  replies: [],
  timing: { preprocessMs: 0, inferenceMs: 0, postprocessMs: 0, rows: 0, runs: 0 },
}
const ignored = () => undefined

describe('BatchTable', () => {
  it('numbers batches as frames can say it, and starts again after the last, leaving 0 out', async () => {
    const table = new BatchTable(ALL_BATCH_IDS, 2 ** 32 - 2)
    const inFrames: number[] = []
    const running = [1, 2, 3, 4].map(() =>
      table.add([], ignored, (id) => {
        inFrames.push(new DataView(runFrame(id, []).buffer).getUint32(8, true))
      }),
    )
    assert.deepEqual(inFrames, [2 ** 32 - 2, 2 ** 32 - 1, 1, 2])
    for (const id of inFrames) table.settle(id, ANSWER)
    assert.deepEqual(await Promise.all(running), [ANSWER, ANSWER, ANSWER, ANSWER])
    assert.equal(table.size, 0)
  })

  it('does not count a batch that cannot be sent', async () => {
    const table = new BatchTable()
    const refuse = () => {
      throw new Error('too large')
    }
    await assert.rejects(table.add([], ignored, refuse), /too large/)
    assert.equal(table.size, 0)
  })
})
