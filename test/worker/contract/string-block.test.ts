import assert from 'node:assert/strict'
import { resultFrameFromResult, resultFromResultFrame } from '../../../worker/contract/batch-codec.ts'
import { checkFeeds } from '../../../worker/contract/check-feeds.ts'
import type { BatchResult } from '../../../worker/contract/messages.ts'
import { blockOfTensor, dataBytes, elementsIn, tensorOfBlock } from '../../../worker/contract/string-block.ts'
import { bytesFromStrings } from '../../../worker/contract/string-elements.ts'
import { tensorFromBytes } from '../../../worker/contract/tensor-from-bytes.ts'
import { tensorToBytes } from '../../../worker/contract/tensor-to-bytes.ts'

const TEXTS = ['', 'a\0b', 'ü€𝄞']
const BLOCK = bytesFromStrings(TEXTS)

function fresh() {
  return tensorOfBlock({ name: 'x', shape: [3] }, { bytes: BLOCK, count: 3 })
}

describe('strings that lie in a block', () => {
  it('are those of the block, and stay the same ones', () => {
    const tensor = fresh()
    assert.deepEqual(tensor, { name: 'x', dtype: 'BYTES', shape: [3], data: TEXTS })
    assert.equal(tensor.data, tensor.data)
  })

  it('are handed on as the block itself', () => {
    assert.equal(blockOfTensor(fresh()), BLOCK)
  })

  it('count themselves when somebody has looked, and may have changed them', () => {
    const tensor = fresh()
    ;(tensor.data as string[])[0] = 'new'
    assert.deepEqual(blockOfTensor(tensor), bytesFromStrings(['new', ...TEXTS.slice(1)]))
  })

  it('are counted and weighed without being made', () => {
    const tensor = fresh()
    assert.deepEqual([elementsIn(tensor), dataBytes(tensor)], [3, BLOCK.byteLength])
    assert.equal(blockOfTensor(tensor), BLOCK)
  })

  it('are checked against a model without being made', () => {
    const wire = { name: 'x', datatype: 'BYTES', shape: [3], at: '/raw_input_contents/0' } as const
    const tensor = tensorFromBytes(wire, BLOCK)
    checkFeeds([{ name: 'x', dtype: 'BYTES', shape: ['batch'] }], [tensor])
    assert.equal(tensorToBytes(tensor), BLOCK)
  })

  it('come from a worker in its frame', () => {
    const payload = {
      kind: 'tensors',
      tensors: [{ name: 'y', dtype: 'BYTES', shape: [3], data: TEXTS }],
    } as const
    const timing = { preprocessMs: 0, inferenceMs: 0, postprocessMs: 0, rows: 3, runs: 1 }
    const result: BatchResult = { replies: [{ ok: true, value: { payload } }], timing }
    const frame = resultFrameFromResult(1, result)
    const [reply] = resultFromResultFrame(frame.buffer).replies
    assert.ok(reply?.ok === true && reply.value.payload.kind === 'tensors')
    const [tensor] = reply.value.payload.tensors
    assert.ok(tensor !== undefined)
    assert.equal(tensorToBytes(tensor).buffer, frame.buffer)
    assert.deepEqual(tensor.data, TEXTS)
  })
})
