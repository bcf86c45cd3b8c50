import assert from 'node:assert/strict'
import { HandleCount } from '../../../frontend/core/handle-count.ts'
import { settlePromises } from '../../support/fake-clock.ts'

describe('HandleCount', () => {
  /** Whether a wait that begins now is over at once. */
  async function isNone(handles: HandleCount): Promise<boolean> {
    let isOver = false
    void handles.untilNone().then(() => (isOver = true))
    await settlePromises()
    return isOver
  }

  it('waits until the last handle is released, as often as asked', async () => {
    const handles = new HandleCount()
    assert.equal(await isNone(handles), true)
    for (let round = 0; round < 2; round++) {
      handles.take()
      handles.take()
      const none = Promise.all([handles.untilNone(), handles.untilNone()])
      handles.release()
      assert.equal(await isNone(handles), false)
      handles.release()
      await none
    }
  })
})
