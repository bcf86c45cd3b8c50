import assert from 'node:assert/strict'
import {
  batchFromRunFrame,
  batchSize,
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

  const headers = {}
  const row = (x: number, shape = [1]): Tensor => ({
    name: 'x',
    dtype: 'UINT8',
    shape,
    data: Uint8Array.of(x),
  })
  const MEMBERS: readonly Omit<BatchRequest, 'id' | 'remainingMs'>[] = [
    { headers, payload: { kind: 'tensors', tensors: [row(1)] } },
    { headers, payload: { kind: 'tensors', tensors: [row(2)] } },
    { headers: { a: 'b' }, payload: { kind: 'tensors', tensors: [row(3)] } },
    { headers, operation: 'explain', payload: { kind: 'tensors', tensors: [row(4)] } },
    { headers, payload: { kind: 'tensors', tensors: [row(5, [1, 1])] } },
    { headers, payload: { kind: 'tensors', tensors: [row(6), row(7)] } },
    { headers, payload: { kind: 'tensors', tensors: [row(8)], outputs: ['y'] } },
    { headers, payload: { kind: 'tensors', tensors: [row(9)], parameters: { p: 1 } } },
    { headers, turn: { key: 1, continues: false }, payload: { kind: 'tensors', tensors: [row(10)] } },
    { headers, payload: { kind: 'parts', parts: [{ name: 'x', bytes: Uint8Array.of(11, 11) }] } },
    { headers, payload: { kind: 'parts', parts: [{ name: 'x', bytes: Uint8Array.of(12) }] } },
    { headers, payload: { kind: 'parts', parts: [{ name: 'y', bytes: Uint8Array.of(13) }] } },
    { headers, payload: { kind: 'parts', parts: [{ name: 'y', fileName: 'f', bytes: Uint8Array.of(14) }] } },
    {
      headers,
      payload: { kind: 'parts', parts: [{ name: 'y', contentType: 't', bytes: Uint8Array.of(15) }] },
    },
    { headers, payload: { kind: 'parts', parts: [] } },
  ]

  for (const [first, one] of MEMBERS.entries()) {
    it(`keeps member ${first} apart from every other, before and behind it`, () => {
      for (const other of MEMBERS) {
        const batch = [one, other, one].map((member, index) => ({
          ...member,
          id: `${index}`,
          remainingMs: index,
        }))
        assert.deepEqual(batchFromRunFrame(runFrame(1, batch).buffer), batch)
      }
    })
  }

  it('gives each member what a handler may change', () => {
    const payload = { kind: 'tensors', tensors: [row(1)], outputs: ['y'], parameters: { p: 1 } } as const
    const batch: BatchRequest[] = [1, 2].map(() => ({ id: 'a', headers, remainingMs: 1, payload }))
    const [one, other] = batchFromRunFrame(runFrame(1, batch).buffer)
    assert(one?.payload.kind === 'tensors' && other?.payload.kind === 'tensors')
    assert.notEqual(one.headers, other.headers)
    assert.notEqual(one.payload.outputs, other.payload.outputs)
    assert.notEqual(one.payload.parameters, other.payload.parameters)
    assert.notEqual(one.payload.tensors[0]?.shape, other.payload.tensors[0]?.shape)
  })

  it('tells once what its members have in common', () => {
    const parts = [{ name: 'body', contentType: 'application/json', bytes: Uint8Array.of(1) }]
    const batch = (size: number): BatchRequest[] =>
      Array.from({ length: size }, () => ({ ...head, payload: { kind: 'parts', parts } }))
    const growthBytes = runFrame(1, batch(100)).byteLength - runFrame(1, batch(50)).byteLength
    // Each has an id, a time and a length in the header, and 8 bytes of payload.
    assert(growthBytes < 50 * 24, `${growthBytes} bytes`)
  })

  it('says how many members it has, without their bytes', () => {
    const batch: BatchRequest[] = [1, 2, 3].map(() => ({ ...head, payload: { kind: 'parts', parts: [] } }))
    assert.equal(batchSize(runFrame(1, batch).buffer), 3)
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

  const bytes = (x: number) => Uint8Array.of(x)
  const row = (x: number, shape = [1]): Tensor => ({ name: 'y', dtype: 'UINT8', shape, data: bytes(x) })
  const REPLIES: BatchResult['replies'] = [
    { ok: true, value: { payload: { kind: 'bytes', bytes: bytes(1) } } },
    { ok: true, value: { payload: { kind: 'bytes', bytes: Uint8Array.of(2, 2) } } },
    { ok: true, value: { payload: { kind: 'bytes', contentType: 'a/b', bytes: bytes(3) } } },
    { ok: true, value: { status: 201, payload: { kind: 'bytes', bytes: bytes(4) } } },
    { ok: true, value: { headers: { a: 'b' }, payload: { kind: 'bytes', bytes: bytes(5) } } },
    { ok: true, value: { rows: 2, payload: { kind: 'bytes', bytes: bytes(6) } } },
    { ok: true, value: { more: true, payload: { kind: 'bytes', bytes: bytes(7) } } },
    { ok: true, value: { payload: { kind: 'tensors', tensors: [row(8)] } } },
    { ok: true, value: { payload: { kind: 'tensors', tensors: [row(9, [1, 1])] } } },
    { ok: true, value: { payload: { kind: 'tensors', tensors: [row(10)], parameters: { p: 1 } } } },
    { ok: false, error: { code: 'internal', message: 'a' } },
    { ok: false, error: { code: 'internal', message: 'b' } },
  ]

  for (const [first, one] of REPLIES.entries()) {
    it(`keeps reply ${first} apart from every other, before and behind it`, () => {
      for (const other of REPLIES) {
        const result = { replies: [one, other, one], timing }
        assert.deepEqual(carried(result), result)
      }
    })
  }

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
