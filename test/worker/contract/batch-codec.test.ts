import assert from 'node:assert/strict'
import {
  batchFromRunFrame,
  resultFrameFromResult,
  resultFromResultFrame,
  runFramePieces,
} from '../../../worker/contract/batch-codec.ts'
import type { BatchRequest, BatchResult } from '../../../worker/contract/messages.ts'
import type { Tensor } from '../../../worker/contract/tensor.ts'
import { runFrame } from '../../support/run-frame.ts'
import { TENSOR_OF_EVERY_TYPE } from '../../support/tensors.ts'

const timing = { preprocessMs: 1, inferenceMs: 2, postprocessMs: 3, rows: 4, runs: 1 }
const head = { id: 'a', headers: { 'x-a': 'è' }, remainingMs: 5.5 }

describe('a run frame', () => {
  for (const tensor of TENSOR_OF_EVERY_TYPE) {
    it(`carries ${tensor.dtype}`, () => {
      const batch: BatchRequest[] = [{ ...head, payload: { kind: 'tensors', tensors: [tensor, tensor] } }]
      assert.deepEqual(batchFromRunFrame(runFrame(1, batch).buffer), batch)
    })
  }

  it('carries parts of any length with their names', () => {
    const batch: BatchRequest[] = [
      { ...head, payload: { kind: 'parts', parts: [{ name: 'body', bytes: new Uint8Array(0) }] } },
      {
        ...head,
        id: 'b',
        payload: {
          kind: 'parts',
          parts: [
            { name: 'f', fileName: 'é.png', contentType: 'image/png', bytes: Uint8Array.of(1, 2, 3) },
            { name: 'g', bytes: Uint8Array.of(4) },
          ],
        },
      },
    ]
    assert.deepEqual(batchFromRunFrame(runFrame(1, batch).buffer), batch)
  })

  it('carries the outputs that are wanted, and parameters', () => {
    const parameters = { b: true, i: -1, big: '18446744073709551615', d: 0.5, s: 'è' }
    const batch: BatchRequest[] = [
      { ...head, payload: { kind: 'tensors', tensors: [], outputs: ['y', 'x'], parameters } },
    ]
    assert.deepEqual(batchFromRunFrame(runFrame(1, batch).buffer), batch)
  })

  it('leaves the requests usable for a second try', () => {
    const bytes = Uint8Array.of(1, 2, 3)
    const { buffer } = runFrame(1, [{ ...head, payload: { kind: 'parts', parts: [{ name: 'f', bytes }] } }])
    new Uint8Array(buffer).fill(0)
    assert.deepEqual(bytes, Uint8Array.of(1, 2, 3))
  })
})

describe('the pieces of a run frame', () => {
  it('have a large tensor where it lies, between what was copied', () => {
    const data = Float32Array.from({ length: 50_001 }, (_, index) => index)
    const tensor: Tensor = { name: 'x', dtype: 'FP32', shape: [data.length], data }
    const small: Tensor = { name: 'y', dtype: 'UINT8', shape: [1], data: Uint8Array.of(7) }
    const batch: BatchRequest[] = [
      { ...head, payload: { kind: 'tensors', tensors: [small, tensor, tensor, small] } },
    ]
    const pieces = runFramePieces(1, batch)
    assert.deepEqual(
      pieces.map(({ buffer }) => buffer === data.buffer),
      [false, true, false, true, false],
    )
    assert.deepEqual(batchFromRunFrame(runFrame(1, batch).buffer), batch)
  })

  it('are one for a small batch', () => {
    const parts = [{ name: 'body', bytes: new Uint8Array(1000) }]
    assert.equal(runFramePieces(1, [{ ...head, payload: { kind: 'parts', parts } }]).length, 1)
  })
})

describe('a result frame', () => {
  const carried = (result: BatchResult) => resultFromResultFrame(resultFrameFromResult(1, result).buffer)

  for (const tensor of TENSOR_OF_EVERY_TYPE) {
    it(`carries ${tensor.dtype}`, () => {
      const result: BatchResult = {
        replies: [{ ok: true, value: { payload: { kind: 'tensors', tensors: [tensor] } } }],
        timing,
      }
      assert.deepEqual(carried(result), result)
    })
  }

  it('carries the parameters beside tensors', () => {
    const payload = { kind: 'tensors', tensors: [], parameters: { tokens: 3, why: 'end' } } as const
    const result: BatchResult = { replies: [{ ok: true, value: { payload } }], timing }
    assert.deepEqual(carried(result), result)
  })

  it('carries answers and errors in order', () => {
    const result: BatchResult = {
      replies: [
        { ok: false, error: { code: 'invalid_argument', message: 'é', reason: 'input' } },
        {
          ok: true,
          value: {
            status: 201,
            headers: { 'x-b': 'c' },
            payload: { kind: 'bytes', contentType: 'image/png', bytes: Uint8Array.of(9, 8, 7) },
          },
        },
      ],
      timing,
    }
    assert.deepEqual(carried(result), result)
  })
})
