import assert from 'node:assert/strict'
import { fillOf, paddedKey, paddedShape, paddedSize, reshaped } from '../../../worker/contract/padding.ts'
import type { Tensor } from '../../../worker/contract/tensor.ts'

const count = (length: number) => Array.from({ length }, (_, i) => i + 1)

describe('reshaped', () => {
  const CASES: readonly {
    readonly it: string
    readonly from: readonly number[]
    readonly to: readonly number[]
    readonly data: readonly number[]
  }[] = [
    { it: 'fills up the last dimension', from: [2, 2], to: [2, 3], data: [1, 2, 9, 3, 4, 9] },
    {
      it: 'fills up a dimension in the middle',
      from: [2, 1, 2],
      to: [2, 2, 2],
      data: [1, 2, 9, 9, 3, 4, 9, 9],
    },
    { it: 'fills up two dimensions', from: [1, 1, 2], to: [1, 2, 3], data: [1, 2, 9, 9, 9, 9] },
    { it: 'cuts the last dimension', from: [2, 3], to: [2, 2], data: [1, 2, 4, 5] },
    { it: 'cuts a dimension in the middle', from: [2, 2, 2], to: [2, 1, 2], data: [1, 2, 5, 6] },
    { it: 'cuts two dimensions', from: [1, 2, 3], to: [1, 1, 2], data: [1, 2] },
    { it: 'fills up what had no elements', from: [2, 0], to: [2, 2], data: [9, 9, 9, 9] },
    { it: 'cuts to no elements', from: [2, 2], to: [2, 0], data: [] },
  ]
  for (const { it: claim, from, to, data } of CASES) {
    const length = from.reduce((product, size) => product * size, 1)
    it(claim, () => {
      const tensor: Tensor = { name: 'x', dtype: 'FP32', shape: from, data: Float32Array.from(count(length)) }
      const { shape, data: got } = reshaped(tensor, to, 9)
      assert.deepEqual([shape, [...got]], [to, data])
    })
  }

  it('fills integers of 64 bits with integers, and strings with empty ones', () => {
    const ids: Tensor = { name: 'x', dtype: 'INT64', shape: [1, 1], data: BigInt64Array.of(7n) }
    assert.deepEqual(reshaped(ids, [1, 3], 5).data, BigInt64Array.of(7n, 5n, 5n))
    const words: Tensor = { name: 'x', dtype: 'BYTES', shape: [2, 1], data: ['a', 'b'] }
    assert.deepEqual(reshaped(words, [2, 2]).data, ['a', '', 'b', ''])
  })

  it('gives a tensor of that shape as it is', () => {
    const tensor: Tensor = { name: 'x', dtype: 'FP32', shape: [1, 2], data: Float32Array.of(1, 2) }
    assert.equal(reshaped(tensor, [1, 2], 9), tensor)
  })
})

describe('fillOf', () => {
  const CASES = [
    ['FP32', -0.5, -0.5],
    ['FP16', 1, 0x3c00],
    ['INT64', -2, -2n],
    ['UINT64', 2, 2n],
    ['UINT64', -2, undefined],
    ['INT64', 0.5, undefined],
    ['INT32', 7, 7],
    ['UINT8', 256, undefined],
    ['BOOL', 1, 1],
    ['BOOL', 2, undefined],
    ['BYTES', 0, undefined],
  ] as const
  for (const [dtype, value, fill] of CASES) {
    it(`of ${value} is ${fill} in ${dtype}`, () => assert.equal(fillOf(dtype, value), fill))
  }
})

describe('paddedShape', () => {
  const padding = { buckets: { length: [4, 8], batch: [64] } }
  const input = { name: 'x', dtype: 'FP32', shape: ['batch', 'length', -1, 'other', 3] } as const

  it('rounds named dimensions up to their bucket, and leaves rows and others alone', () => {
    assert.deepEqual(paddedShape([2, 5, 7, 6, 3], input, padding), [2, 8, 7, 6, 3])
  })

  it('leaves what is beyond the largest bucket', () => {
    assert.deepEqual(
      [1, 4, 5, 8, 9].map((size) => paddedSize([4, 8], size)),
      [4, 4, 8, 8, 9],
    )
  })

  it('gives requests of one bucket one key', () => {
    const keyOf = (length: number) =>
      paddedKey(
        [{ name: 'x', dtype: 'FP32', shape: [1, length, 1, 1, 3], data: new Float32Array(3 * length) }],
        [input],
        padding,
      )
    assert.equal(keyOf(1), keyOf(4))
    assert.notEqual(keyOf(4), keyOf(5))
  })
})
