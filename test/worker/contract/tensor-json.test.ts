import assert from 'node:assert/strict'
import type { DataType } from '../../../worker/contract/data-type.ts'
import { tensorFromJson } from '../../../worker/contract/tensor-from-json.ts'
import { tensorToJson } from '../../../worker/contract/tensor-to-json.ts'
import type { TensorMetadata } from '../../../worker/contract/tensor.ts'

const input = (dtype: DataType, shape: TensorMetadata['shape'] = ['batch', 2]): TensorMetadata => ({
  name: 'x',
  dtype,
  shape,
})

describe('tensor JSON', () => {
  const ROUND_TRIPS: { dtype: DataType; value: unknown }[] = [
    { dtype: 'BOOL', value: [[true, false]] },
    { dtype: 'UINT8', value: [[0, 255]] },
    { dtype: 'UINT16', value: [[0, 65535]] },
    { dtype: 'UINT32', value: [[0, 4294967295]] },
    { dtype: 'UINT64', value: [[9007199254740991, '18446744073709551615']] },
    { dtype: 'INT8', value: [[-128, 127]] },
    { dtype: 'INT16', value: [[-32768, 32767]] },
    { dtype: 'INT32', value: [[-2147483648, 2147483647]] },
    { dtype: 'INT64', value: [['-9223372036854775808', '9223372036854775807']] },
    { dtype: 'FP16', value: [[65504, -0.5]] },
    { dtype: 'FP32', value: [[0.5, -3.4028234663852886e38]] },
    { dtype: 'FP64', value: [[0.1, 1.7976931348623157e308]] },
    { dtype: 'BYTES', value: [['', 'é"\n']] },
    { dtype: 'FP16', value: [['NaN', '-Infinity']] },
    { dtype: 'FP32', value: [['NaN', 'Infinity']] },
    { dtype: 'FP64', value: [['-Infinity', 'Infinity']] },
  ]
  for (const { dtype, value } of ROUND_TRIPS) {
    it(`carries ${dtype} ${JSON.stringify(value)} both ways`, () => {
      const { tensor } = tensorFromJson(input(dtype), value)
      assert.deepEqual(JSON.parse(tensorToJson(tensor)), value)
    })
  }

  it('takes booleans as 1 and 0', () => {
    assert.deepEqual(tensorFromJson(input('BOOL'), [[1, 0]]).tensor.data, Uint8Array.of(1, 0))
  })

  it('takes small 64-bit integers as strings too', () => {
    assert.deepEqual(tensorFromJson(input('INT64'), [['-7', 7]]).tensor.data, BigInt64Array.of(-7n, 7n))
  })

  const SHAPES = [
    {
      it: 'rows',
      shape: ['batch', 2],
      value: [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      expected: [3, 2],
      single: false,
    },
    { it: 'a single row', shape: ['batch', 2], value: [1, 2], expected: [1, 2], single: true },
    { it: 'a single scalar row', shape: ['batch'], value: 1, expected: [1], single: true },
    { it: 'no rows', shape: ['batch'], value: [], expected: [0], single: false },
    { it: 'a scalar', shape: [], value: 1, expected: [], single: false },
    {
      it: 'four dimensions',
      shape: [-1, 1, 2, 1],
      value: [[[[1], [2]]]],
      expected: [1, 1, 2, 1],
      single: false,
    },
  ]
  for (const { it: name, shape, value, expected, single } of SHAPES) {
    it(`takes ${name}`, () => {
      const { tensor, isSingleRow } = tensorFromJson(input('FP32', shape), value)
      assert.deepEqual(tensor.shape, expected)
      assert.equal(isSingleRow, single)
      assert.deepEqual(Array.from(tensor.data as Float32Array), [value].flat(5))
    })
  }

  it('leaves the rows out on demand', () => {
    const { tensor } = tensorFromJson(input('FP32'), [1, 2])
    assert.equal(tensorToJson(tensor, { from: 1 }), '[1,2]')
  })
})

describe('tensorFromJson', () => {
  const INTEGER_64 = 'an integer from -2^63 to 2^63-1'
  const CASES: {
    it: string
    dtype: DataType
    shape?: TensorMetadata['shape']
    value: unknown
    problem: string
  }[] = [
    {
      it: 'another size',
      dtype: 'FP32',
      value: [[1, 2, 3]],
      problem: 'has shape [1,3], model expects [batch,2]',
    },
    {
      it: 'another rank',
      dtype: 'FP32',
      value: [[[1, 2]]],
      problem: 'has shape [1,1,2], model expects [batch,2]',
    },
    { it: 'null', dtype: 'FP32', value: null, problem: 'has shape [], model expects [batch,2]' },
    {
      it: 'a row that is too short',
      dtype: 'FP32',
      value: [[1, 2], [3]],
      problem: 'is ragged: x[1] has 1 elements, x[0] has 2',
    },
    {
      it: 'a row that is no array',
      dtype: 'FP32',
      value: [[1, 2], 3],
      problem: 'is ragged: x[1] has no array, x[0] has 2',
    },
    {
      it: 'a ragged inner array',
      dtype: 'FP32',
      shape: ['batch', 2, -1],
      value: [
        [[1], [2]],
        [[3], [4, 5]],
      ],
      problem: 'is ragged: x[1][1] has 2 elements, x[1][0] has 1',
    },
    {
      it: 'an array where a number belongs',
      dtype: 'FP32',
      value: [[1, [2]]],
      problem: 'has [2] at x[0][1], FP32 expects a number up to ±3.4e38, "NaN", "Infinity" or "-Infinity"',
    },
    {
      it: 'text where a number belongs',
      dtype: 'FP32',
      value: [
        [1, 2],
        [3, 'four'],
      ],
      problem: 'has "four" at x[1][1], FP32 expects a number up to ±3.4e38, "NaN", "Infinity" or "-Infinity"',
    },
    {
      it: 'a number beyond single precision',
      dtype: 'FP32',
      value: [[1, 1e39]],
      problem: 'has 1e+39 at x[0][1], FP32 expects a number up to ±3.4e38, "NaN", "Infinity" or "-Infinity"',
    },
    {
      it: 'a number beyond half precision',
      dtype: 'FP16',
      value: [[65520, 1]],
      problem: 'has 65520 at x[0][0], FP16 expects a number up to ±65504, "NaN", "Infinity" or "-Infinity"',
    },
    {
      it: 'a fraction',
      dtype: 'INT64',
      value: [[1.5, 1]],
      problem: `has 1.5 at x[0][0], INT64 expects ${INTEGER_64}`,
    },
    {
      it: 'an integer that JSON has rounded',
      dtype: 'INT64',
      value: [[1, JSON.parse('9007199254740993')]],
      problem: `has 9007199254740992 at x[0][1], INT64 expects ${INTEGER_64}`,
    },
    {
      it: 'an integer of more than 64 bits',
      dtype: 'INT64',
      value: [['9223372036854775808', 1]],
      problem: `has "9223372036854775808" at x[0][0], INT64 expects ${INTEGER_64}`,
    },
    {
      it: 'a negative unsigned integer',
      dtype: 'UINT64',
      value: [['-1', 1]],
      problem: 'has "-1" at x[0][0], UINT64 expects an integer from 0 to 2^64-1',
    },
    {
      it: 'an integer out of range',
      dtype: 'UINT8',
      value: [[0, 256]],
      problem: 'has 256 at x[0][1], UINT8 expects an integer from 0 to 255',
    },
    {
      it: 'a number that is no boolean',
      dtype: 'BOOL',
      value: [[true, 2]],
      problem: 'has 2 at x[0][1], BOOL expects true, false, 1 or 0',
    },
    {
      it: 'a number where a string belongs',
      dtype: 'BYTES',
      value: [['a', 2]],
      problem: 'has 2 at x[0][1], BYTES expects a string',
    },
    {
      it: 'a bad value in a single row',
      dtype: 'INT8',
      value: [1, true],
      problem: 'has true at x[1], INT8 expects an integer from -128 to 127',
    },
  ]
  for (const { it: name, dtype, shape, value, problem } of CASES) {
    it(`refuses ${name}`, () => {
      assert.throws(() => tensorFromJson(input(dtype, shape), value), {
        code: 'invalid_argument',
        message: `input 'x' ${problem}`,
      })
    })
  }

  it('refuses a hundred thousand nested arrays', () => {
    const value: unknown = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000))
    assert.throws(() => tensorFromJson(input('FP32', []), value), {
      message: "input 'x' is nested deeper than 32 arrays",
    })
  })

  it('allocates nothing for a ragged array that claims ten billion elements', () => {
    const long = new Array<number>(100_000).fill(0)
    const value = [long, ...long.slice(1)]
    assert.throws(() => tensorFromJson(input('FP32', ['batch', 'length']), value), {
      message: /ragged: x\[1\]/,
    })
  })
})
