import assert from 'node:assert/strict'
import { giveFrameBack, reusedMemoryForFrame } from '../../../../frontend/core/workers/frame-memory.ts'
import type { ResponsePayload } from '../../../../worker/contract/messages.ts'

const LARGE_BYTES = 3 * 1024 * 1024

const tensors = ({ buffer }: Uint8Array<ArrayBuffer>): ResponsePayload => ({
  kind: 'tensors',
  tensors: [{ name: 'y', dtype: 'FP32', shape: [2], data: new Float32Array(buffer, 64, 2) }],
})
const bytes = (frame: Uint8Array<ArrayBuffer>): ResponsePayload => ({
  kind: 'bytes',
  bytes: frame.subarray(64),
})

const CASES = [
  { it: 'uses the memory of an answer again', answer: tensors, batchRequests: 1, isReused: true },
  { it: 'leaves a frame to the other answers in it', answer: tensors, batchRequests: 2, isReused: false },
  { it: 'leaves the bytes of a handler', answer: bytes, batchRequests: 1, isReused: false },
]

describe('memory of large frames', () => {
  for (const { it: name, answer, batchRequests, isReused } of CASES) {
    it(name, () => {
      const frame = reusedMemoryForFrame(LARGE_BYTES)
      giveFrameBack(answer(frame), batchRequests)
      const next = reusedMemoryForFrame(LARGE_BYTES - 1)
      assert.equal(next.buffer === frame.buffer, isReused)
      assert.equal(next.byteLength, LARGE_BYTES - 1)
    })
  }
})
