import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import {
  checkClassifiable,
  classesWanted,
  classified,
  type Classification,
} from '../../../../frontend/protocols/oip/classification.ts'
import type { Tensor } from '../../../../worker/contract/tensor.ts'

const PLACE = '/outputs/0/parameters/classification'

function scores(shape: readonly number[], data: readonly number[]): Tensor {
  return { name: 'y', dtype: 'FP32', shape, data: Float32Array.from(data) }
}

describe('classified', () => {
  const CASES: readonly (Classification & {
    readonly it: string
    readonly tensor: Tensor
    readonly shape: readonly number[]
    readonly data: readonly string[]
  })[] = [
    {
      it: 'orders each row by itself',
      tensor: scores([2, 3], [0.25, 0.5, 0.125, 3, 1, 2]),
      classes: 2,
      hasRows: true,
      shape: [2, 2],
      data: ['0.500000:1', '0.250000:0', '3.000000:0', '2.000000:2'],
    },
    {
      it: 'takes an output without rows as one',
      tensor: scores([1, 3], [0.25, 0.5, 0.125]),
      classes: 1,
      hasRows: false,
      shape: [1],
      data: ['0.500000:1'],
    },
    {
      it: 'gives no more classes than there are',
      tensor: scores([1, 2], [1, 2]),
      classes: 9,
      hasRows: true,
      shape: [1, 2],
      data: ['2.000000:1', '1.000000:0'],
    },
    {
      it: 'adds labels where there are some',
      tensor: scores([3], [1, 3, 2]),
      classes: 3,
      hasRows: false,
      labels: ['a', 'b'],
      shape: [3],
      data: ['3.000000:1:b', '2.000000:2', '1.000000:0:a'],
    },
    {
      it: 'keeps equal values in their order and NaN at the end',
      tensor: scores([5], [Number.NaN, 1, 1, -Infinity, Infinity]),
      classes: 5,
      hasRows: false,
      shape: [5],
      data: ['inf:4', '1.000000:1', '1.000000:2', '-inf:3', 'nan:0'],
    },
    {
      it: 'writes large floats without an exponent',
      tensor: { name: 'y', dtype: 'FP64', shape: [1], data: Float64Array.of(1e22) },
      classes: 1,
      hasRows: false,
      shape: [1],
      data: ['10000000000000000000000.000000:0'],
    },
    {
      it: 'writes integers as they are',
      tensor: { name: 'y', dtype: 'INT64', shape: [2], data: BigInt64Array.of(2n ** 62n, -1n) },
      classes: 2,
      hasRows: false,
      shape: [2],
      data: ['4611686018427387904:0', '-1:1'],
    },
    {
      it: 'writes small integers as they are',
      tensor: { name: 'y', dtype: 'UINT8', shape: [2], data: Uint8Array.of(7, 9) },
      classes: 1,
      hasRows: false,
      shape: [1],
      data: ['9:1'],
    },
    {
      it: 'has nothing to say of no rows',
      tensor: scores([0, 3], []),
      classes: 2,
      hasRows: true,
      shape: [0, 2],
      data: [],
    },
  ]
  for (const { it: claim, tensor, shape, data, ...classification } of CASES) {
    it(claim, () => {
      assert.deepEqual(classified(tensor, classification), { name: 'y', dtype: 'BYTES', shape, data })
    })
  }

  it('refuses more classes than a million together', () => {
    assert.throws(() => classified(scores([2, 1], [1, 2]), { classes: 500_001, hasRows: true }), {
      code: 'invalid_argument',
      message: /2 rows, and 500001 classes/,
    })
  })
})

describe('classesWanted', () => {
  const READ = [
    { value: undefined, classes: undefined },
    { value: 0, classes: undefined },
    { value: 3, classes: 3 },
    { value: 3n, classes: 3 },
    { value: 1_000_000, classes: 1_000_000 },
  ]
  for (const { value, classes } of READ) {
    it(`takes ${String(value)} as ${String(classes)}`, () => {
      assert.equal(classesWanted(value, PLACE), classes)
    })
  }

  for (const value of [-1, 1.5, 1_000_001, '3', null, [], true, 2n ** 70n]) {
    it(`refuses ${inspect(value)}`, () => {
      assert.throws(() => classesWanted(value, PLACE), {
        code: 'invalid_argument',
        message: new RegExp(`^${PLACE} is `),
      })
    })
  }
})

describe('checkClassifiable', () => {
  for (const dtype of ['INT8', 'UINT64', 'FP32', 'FP64'] as const) {
    it(`takes ${dtype}`, () => {
      checkClassifiable({ name: 'y', dtype, shape: [1] }, PLACE)
    })
  }
  for (const dtype of ['BOOL', 'BYTES', 'FP16'] as const) {
    it(`refuses ${dtype}`, () => {
      assert.throws(
        () => {
          checkClassifiable({ name: 'y', dtype, shape: [1] }, PLACE)
        },
        { code: 'invalid_argument', message: new RegExp(`output 'y' is ${dtype}`) },
      )
    })
  }
})
