import assert from 'node:assert/strict'
import type { TensorSchema } from '../../client/schema.ts'
import { wireTensor } from '../../client/tensor-input.ts'

const FP32: TensorSchema = { dtype: 'FP32', shape: ['rows', 2] }

describe('wireTensor', () => {
  const ACCEPTED = [
    {
      it: 'takes nested arrays',
      schema: FP32,
      value: [
        [1, 2],
        [3, 4],
      ],
      shape: [2, 2],
      data: Float32Array.of(1, 2, 3, 4),
    },
    {
      it: 'takes flat data with its shape',
      schema: FP32,
      value: { shape: [1, 2], data: [1, 2] },
      shape: [1, 2],
      data: Float32Array.of(1, 2),
    },
    {
      it: 'takes no rows',
      schema: FP32,
      value: { shape: [0, 2], data: [] },
      shape: [0, 2],
      data: new Float32Array(0),
    },
    {
      it: 'takes a scalar',
      schema: { dtype: 'FP64', shape: [] },
      value: 7,
      shape: [],
      data: Float64Array.of(7),
    },
    {
      it: 'takes integers beyond 2^53',
      schema: { dtype: 'INT64', shape: [-1] },
      value: [2n ** 62n, 3],
      shape: [2],
      data: BigInt64Array.of(2n ** 62n, 3n),
    },
    {
      it: 'takes booleans',
      schema: { dtype: 'BOOL', shape: [2] },
      value: [true, false],
      shape: [2],
      data: Uint8Array.of(1, 0),
    },
    {
      it: 'takes strings',
      schema: { dtype: 'BYTES', shape: [1] },
      value: ['ä\n'],
      shape: [1],
      data: ['ä\n'],
    },
    {
      it: 'rounds numbers to half precision',
      schema: { dtype: 'FP16', shape: [1] },
      value: [1.5],
      shape: [1],
      data: Uint16Array.of(0x3e00),
    },
    {
      it: 'takes the infinity of half precision',
      schema: { dtype: 'FP16', shape: [1] },
      value: [-Infinity],
      shape: [1],
      data: Uint16Array.of(0xfc00),
    },
    {
      it: 'takes what is no number',
      schema: FP32,
      value: [[NaN, -Infinity]],
      shape: [1, 2],
      data: Float32Array.of(NaN, -Infinity),
    },
  ] as const
  for (const { it: claim, schema, value, shape, data } of ACCEPTED) {
    it(claim, () => {
      assert.deepEqual(wireTensor('x', schema, value), {
        name: 'x',
        dtype: schema.dtype,
        shape: [...shape],
        data,
      })
    })
  }

  const REFUSED = [
    {
      it: 'a number that FP16 does not hold',
      schema: { dtype: 'FP16', shape: [1] },
      value: [70_000],
      message: /has 70000 as element 0, which is no FP16/,
    },
    {
      it: 'flat data without its shape',
      schema: FP32,
      value: new Float32Array(2),
      message: /is a flat Float32Array; send it with its shape: \{ shape: \[rows,2\], data \}/,
    },
    { it: 'a ragged array', schema: FP32, value: [[1, 2], [3]], message: /'x' is ragged: dimension 1/ },
    { it: 'arrays of different depth', schema: FP32, value: [[1, [2]]], message: /not equally deep/ },
    {
      it: 'another rank',
      schema: FP32,
      value: [1, 2],
      message: /has shape \[2\], the model expects \[rows,2\]/,
    },
    { it: 'another size', schema: FP32, value: [[1, 2, 3]], message: /has shape \[1,3\]/ },
    {
      it: 'a negative dimension',
      schema: FP32,
      value: { shape: [-1, 2], data: [] },
      message: /has shape \[-1,2\]/,
    },
    {
      it: 'fewer elements than the shape says',
      schema: FP32,
      value: { shape: [2, 2], data: [1] },
      message: /has 1 elements.*needs 4/,
    },
    {
      it: 'the array of another dtype',
      schema: FP32,
      value: { shape: [1, 2], data: new Float64Array(2) },
      message: /Float64Array, FP32 needs a Float32Array/,
    },
    {
      it: 'a string for a number',
      schema: FP32,
      value: [['1', 2]],
      message: /has 1 as element 0, which is no FP32/,
    },
    { it: 'a number that FP32 does not hold', schema: FP32, value: [[1e300, 2]], message: /no FP32/ },
    {
      it: 'a fraction for an integer',
      schema: { dtype: 'INT32', shape: [1] },
      value: [1.5],
      message: /has 1.5 as element 0/,
    },
    {
      it: 'an integer out of range',
      schema: { dtype: 'UINT8', shape: [1] },
      value: [256],
      message: /no UINT8/,
    },
    {
      it: 'a rounded 64-bit integer',
      schema: { dtype: 'INT64', shape: [1] },
      value: [2 ** 60],
      message: /no INT64/,
    },
    {
      it: 'a 64-bit integer out of range',
      schema: { dtype: 'UINT64', shape: [1] },
      value: [-1n],
      message: /no UINT64/,
    },
    { it: 'a number for a boolean', schema: { dtype: 'BOOL', shape: [1] }, value: [1], message: /no BOOL/ },
    {
      it: 'a number for a string',
      schema: { dtype: 'BYTES', shape: [1] },
      value: [1],
      message: /number as element 0, BYTES needs strings/,
    },
  ] as const
  for (const { it: claim, schema, value, message } of REFUSED) {
    it(`refuses ${claim}`, () => {
      assert.throws(() => wireTensor('x', schema, value), { name: 'OnnxServeError', kind: 'input', message })
    })
  }
})
