import assert from 'node:assert/strict'
import {
  ALL_BATCH_IDS,
  batchIdsOf,
  channelOf,
  MAX_GUEST_CHANNELS,
} from '../../../worker/contract/batch-ids.ts'

describe('batchIdsOf', () => {
  it('gives each channel ids that no other has, none of them 0, and all within the field of a frame', () => {
    const all = Array.from({ length: MAX_GUEST_CHANNELS + 1 }, (_, channel) => batchIdsOf(channel))
    assert.deepEqual(
      all.flatMap(({ first, last }) => [channelOf(first), channelOf(last)]),
      all.flatMap((_, channel) => [channel, channel]),
    )
    const gaps = all.slice(1).map(({ first }, i) => first - (all[i]?.last ?? 0))
    assert.deepEqual(new Set(gaps), new Set([1]))
    assert.deepEqual([all[0]?.first, all.at(-1)?.last], [1, ALL_BATCH_IDS.last])
  })
})
