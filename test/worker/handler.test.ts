import assert from 'node:assert/strict'
import { defineHandler, HandlerError, tensor } from '../../worker/handler.ts'

describe('tensor', () => {
  it('takes over the array of its data type', () => {
    const data = Float32Array.of(1, 2)
    assert.equal(tensor('x', 'FP32', [1, 2], data).data, data)
  })

  const CONVERTED = [
    { made: tensor('x', 'FP32', [2], [1, 0.5]), data: Float32Array.of(1, 0.5) },
    { made: tensor('x', 'FP16', [2], [1, -2]), data: Uint16Array.of(0x3c00, 0xc000) },
    { made: tensor('x', 'BOOL', [2], [true, 0]), data: Uint8Array.of(1, 0) },
    { made: tensor('x', 'INT64', [2], [1, 2n ** 60n]), data: BigInt64Array.of(1n, 2n ** 60n) },
    { made: tensor('x', 'UINT64', [2], [1, 2n ** 63n]), data: BigUint64Array.of(1n, 2n ** 63n) },
    { made: tensor('x', 'BYTES', [2], ['a', 'b']), data: ['a', 'b'] },
  ]
  for (const { made, data } of CONVERTED) {
    it(`converts values to ${made.dtype}`, () =>
      assert.deepEqual(made, { ...made, name: 'x', shape: [2], data }))
  }

  it('refuses values that do not fill the shape', () => {
    assert.throws(() => tensor('x', 'FP32', [1, 4], [1, 2]), {
      code: 'invalid_argument',
      message: "tensor 'x' has 2 values, its shape [1,4] needs 4",
    })
  })
})

describe('defineHandler', () => {
  it('returns the handler itself, so that its members find each other', () => {
    const handler = { preprocess: () => [] }
    assert.equal(defineHandler(handler), handler)
  })
})

describe('HandlerError', () => {
  it('carries its code and message', () => {
    const error = new HandlerError('not_found', 'no such row')
    assert.equal(error.code, 'not_found')
    assert.equal(error.message, 'no such row')
  })
})
