import assert from 'node:assert/strict'
import type { Tensor } from '../../../worker/contract/tensor.ts'
import {
  bucketKey,
  concatenate,
  isSameBucket,
  rowCount,
  sliceRows,
  split,
} from '../../../worker/contract/tensor-batch.ts'

const fp32 = (name: string, shape: readonly number[], ...values: readonly number[]): Tensor => ({
  name,
  dtype: 'FP32',
  shape,
  data: Float32Array.from(values),
})
const strings = (shape: readonly number[], ...data: readonly string[]): Tensor => ({
  name: 's',
  dtype: 'BYTES',
  shape,
  data,
})

describe('rowCount', () => {
  const CASES = [
    { it: 'is dimension 0 of the only tensor', tensors: [fp32('a', [2, 1], 1, 2)], rows: 2 },
    { it: 'is shared by all tensors', tensors: [fp32('a', [1, 2], 1, 2), fp32('b', [1], 3)], rows: 1 },
    {
      it: 'is undefined when tensors differ',
      tensors: [fp32('a', [2], 1, 2), fp32('b', [1], 3)],
      rows: undefined,
    },
    { it: 'is undefined beside a scalar', tensors: [fp32('a', [1], 1), fp32('b', [], 3)], rows: undefined },
    { it: 'is undefined for a scalar', tensors: [fp32('a', [], 1)], rows: undefined },
    { it: 'is undefined for no tensor', tensors: [], rows: undefined },
    { it: 'may be 0', tensors: [fp32('a', [0, 3])], rows: 0 },
  ]
  for (const each of CASES) it(each.it, () => assert.equal(rowCount(each.tensors), each.rows))
})

describe('bucketKey and isSameBucket', () => {
  const base = [fp32('a', [1, 2], 1, 2), fp32('b', [1], 3)]

  it('are equal for another number of rows', () => {
    const more = [fp32('a', [2, 2], 1, 2, 3, 4), fp32('b', [2], 3, 4)]
    assert.equal(bucketKey(base), bucketKey(more))
    assert.ok(isSameBucket(base, more))
  })

  const OTHERS: { it: string; tensors: Tensor[] }[] = [
    { it: 'another shape beyond the rows', tensors: [fp32('a', [1, 3], 1, 2, 3), fp32('b', [1], 3)] },
    { it: 'another name', tensors: [fp32('a', [1, 2], 1, 2), fp32('c', [1], 3)] },
    { it: 'one tensor less', tensors: [fp32('a', [1, 2], 1, 2)] },
    { it: 'another order', tensors: [fp32('b', [1], 3), fp32('a', [1, 2], 1, 2)] },
    { it: 'another rank', tensors: [fp32('a', [1, 2, 1], 1, 2), fp32('b', [1], 3)] },
    {
      it: 'another data type',
      tensors: [{ name: 'a', dtype: 'FP64', shape: [1, 2], data: new Float64Array(2) }, fp32('b', [1], 3)],
    },
  ]
  for (const each of OTHERS) {
    it(`differ for ${each.it}`, () => {
      assert.notEqual(bucketKey(base), bucketKey(each.tensors))
      assert.ok(!isSameBucket(base, each.tensors))
    })
  }
})

describe('concatenate and split', () => {
  it('keep the rows of every member, in order', () => {
    const members = [
      [fp32('a', [2, 2], 1, 2, 3, 4), fp32('b', [2], 5, 6)],
      [fp32('a', [1, 2], 7, 8), fp32('b', [1], 9)],
    ]
    const joined = concatenate(members)
    assert.deepEqual(joined, [fp32('a', [3, 2], 1, 2, 3, 4, 7, 8), fp32('b', [3], 5, 6, 9)])
    assert.deepEqual(split(joined, [2, 1]), members)
  })

  it('keep strings', () => {
    const members = [[strings([1, 2], 'a', 'b')], [strings([2, 2], 'c', 'd', 'e', 'f')]]
    assert.deepEqual(split(concatenate(members), [1, 2]), members)
  })

  it('keep members without rows', () => {
    const members = [[fp32('a', [0, 2])], [fp32('a', [1, 2], 1, 2)]]
    assert.deepEqual(split(concatenate(members), [0, 1]), members)
  })

  it('keep 64-bit integers that no double holds', () => {
    const big: Tensor = { name: 'a', dtype: 'INT64', shape: [1], data: BigInt64Array.of(2n ** 63n - 1n) }
    assert.deepEqual(concatenate([[big], [big]])[0]?.data, BigInt64Array.of(2n ** 63n - 1n, 2n ** 63n - 1n))
  })

  it('read members that are views into the middle of a buffer', () => {
    const memory = Float32Array.of(0, 1, 2, 3)
    const view: Tensor = { name: 'a', dtype: 'FP32', shape: [2], data: memory.subarray(1, 3) }
    assert.deepEqual(concatenate([[view], [view]])[0]?.data, Float32Array.of(1, 2, 1, 2))
  })

  it('do not copy a single member', () => {
    const member = [fp32('a', [1], 1)]
    assert.equal(concatenate([member]), member)
  })
})

describe('sliceRows', () => {
  it('is a view of the rows', () => {
    const tensor = fp32('a', [3, 2], 1, 2, 3, 4, 5, 6)
    const slice = sliceRows(tensor, 1, 2)
    assert.deepEqual(slice, fp32('a', [2, 2], 3, 4, 5, 6))
    assert.equal((slice.data as Float32Array).buffer, (tensor.data as Float32Array).buffer)
  })
})
