import assert from 'node:assert/strict'
import type { WireDataType } from '../../../worker/contract/data-type.ts'
import { tensorFromBytes } from '../../../worker/contract/tensor-from-bytes.ts'
import { tensorFromData } from '../../../worker/contract/tensor-from-data.ts'
import { shapeFrom, type WireTensor } from '../../../worker/contract/wire-tensor.ts'

const wire = (datatype: WireDataType, shape: readonly number[]): WireTensor => ({
  name: 'x',
  datatype,
  shape,
  at: '/inputs/0/data',
})

describe('tensorFromData', () => {
  const TAKEN: { it: string; datatype: WireDataType; shape: number[]; data: unknown; expected: unknown }[] = [
    {
      it: 'nested lists of another form',
      datatype: 'INT8',
      shape: [4],
      data: [
        [1, 2],
        [3, 4],
      ],
      expected: [1, 2, 3, 4],
    },
    {
      it: 'lists of different length',
      datatype: 'INT8',
      shape: [3],
      data: [[1], [2, 3]],
      expected: [1, 2, 3],
    },
    { it: 'no elements', datatype: 'FP32', shape: [0, 3], data: [], expected: [] },
    { it: 'empty lists', datatype: 'FP32', shape: [2, 0], data: [[], []], expected: [] },
    {
      it: 'BF16 as the FP32 next to it',
      datatype: 'BF16',
      shape: [3],
      data: [1, 1.00390625, 'NaN'],
      expected: [1, 1, NaN],
    },
    { it: 'tokens', datatype: 'FP16', shape: [2], data: [Infinity, NaN], expected: [0x7c00, 0x7e00] },
    { it: 'long integers as floats', datatype: 'FP64', shape: [1], data: [2n ** 60n], expected: [2 ** 60] },
    { it: 'fifty levels', datatype: 'BOOL', shape: [1], data: nested(true, 50), expected: [1] },
  ]
  for (const { it: name, datatype, shape, data, expected } of TAKEN) {
    it(`takes ${name}`, () => {
      assert.deepEqual(Array.from(tensorFromData(wire(datatype, shape), data).data as Float32Array), expected)
    })
  }

  const REFUSED: {
    it: string
    datatype: WireDataType
    shape: number[]
    data: unknown
    problem: string | RegExp
  }[] = [
    {
      it: 'no list',
      datatype: 'FP32',
      shape: [1],
      data: 5,
      problem: 'has 5 at /inputs/0/data, expected a list of its elements',
    },
    {
      it: 'nothing',
      datatype: 'FP32',
      shape: [1],
      data: undefined,
      problem: 'has nothing at /inputs/0/data, expected a list of its elements',
    },
    {
      it: 'fewer elements',
      datatype: 'FP32',
      shape: [2, 2],
      data: [1],
      problem: 'has 1 elements at /inputs/0/data, its shape [2,2] needs 4',
    },
    {
      it: 'more elements',
      datatype: 'FP32',
      shape: [],
      data: [1, 2],
      problem: 'has 2 elements at /inputs/0/data, its shape [] needs 1',
    },
    {
      it: 'an integer out of range',
      datatype: 'INT8',
      shape: [2],
      data: [1, 300],
      problem: 'has 300 at /inputs/0/data/1, INT8 expects an integer from -128 to 127',
    },
    {
      it: 'a fraction',
      datatype: 'INT32',
      shape: [2, 1],
      data: [[1], [1.5]],
      problem: 'has 1.5 at /inputs/0/data/1/0, INT32 expects an integer from -2147483648 to 2147483647',
    },
    {
      it: 'a long integer for 32 bits',
      datatype: 'UINT32',
      shape: [1],
      data: [2n ** 60n],
      problem: 'has 1152921504606846976 at /inputs/0/data/0, UINT32 expects an integer from 0 to 4294967295',
    },
    {
      it: 'too long an integer',
      datatype: 'INT64',
      shape: [1],
      data: [2n ** 63n],
      problem: /^input 'x' has 9223372036854775808 at .*, INT64 expects/,
    },
    {
      it: 'a number beyond BF16',
      datatype: 'BF16',
      shape: [1],
      data: [3.4e38],
      problem: /^input 'x' has 3.4e\+38 at .*, BF16 expects/,
    },
    { it: 'NaN as an integer', datatype: 'INT64', shape: [1], data: [NaN], problem: /^input 'x' has NaN at/ },
    {
      it: 'a list among elements',
      datatype: 'FP32',
      shape: [2],
      data: [1, [2]],
      problem: /^input 'x' has \[2\] at .*\/1, FP32 expects/,
    },
    {
      it: 'an element among lists',
      datatype: 'FP32',
      shape: [2],
      data: [[1], 2],
      problem: 'has 2 at /inputs/0/data/1, expected a list as its siblings are',
    },
    {
      it: 'a hundred and twenty levels',
      datatype: 'FP32',
      shape: [1],
      data: nested(1, 120),
      problem: '/inputs/0/data is nested deeper than 100 lists',
    },
    {
      it: 'text that is no string tensor',
      datatype: 'BYTES',
      shape: [1],
      data: [7],
      problem: 'has 7 at /inputs/0/data/0, BYTES expects a string',
    },
    {
      it: 'more elements than can be counted',
      datatype: 'FP32',
      shape: [2 ** 53 - 1, 2 ** 53 - 1],
      data: [1],
      problem: /more bytes than can be counted/,
    },
    {
      it: 'more bytes than can be counted',
      datatype: 'FP64',
      shape: [2 ** 50],
      data: [1],
      problem: /more bytes than can be counted/,
    },
    {
      it: 'a huge empty claim',
      datatype: 'FP64',
      shape: [2 ** 40],
      data: [1],
      problem: /has 1 elements at .* needs 1099511627776/,
    },
  ]
  for (const { it: name, datatype, shape, data, problem } of REFUSED) {
    it(`refuses ${name}`, () => {
      const message =
        typeof problem === 'string' && !problem.startsWith('/') ? `input 'x' ${problem}` : problem
      assert.throws(() => tensorFromData(wire(datatype, shape), data), { code: 'invalid_argument', message })
    })
  }
})

describe('tensorFromBytes', () => {
  const element = (text: string) => [text.length, 0, 0, 0, ...Buffer.from(text)]
  const REFUSED: { it: string; datatype: WireDataType; shape: number[]; bytes: number[]; problem: RegExp }[] =
    [
      {
        it: 'too few bytes',
        datatype: 'FP32',
        shape: [2],
        bytes: [0, 0, 0, 0],
        problem: /has 4 bytes at .*, FP32 \[2\] needs 8/,
      },
      {
        it: 'too many bytes',
        datatype: 'UINT8',
        shape: [0],
        bytes: [0],
        problem: /has 1 bytes at .*, UINT8 \[0\] needs 0/,
      },
      {
        it: 'a byte that is no boolean',
        datatype: 'BOOL',
        shape: [2],
        bytes: [1, 2],
        problem: /has the byte 2 at \/inputs\/0\/data\/1/,
      },
      {
        it: 'half a length prefix',
        datatype: 'BYTES',
        shape: [1],
        bytes: [1, 0, 0],
        problem: /ends inside the length prefix of element 0/,
      },
      {
        it: 'a string longer than the block',
        datatype: 'BYTES',
        shape: [1],
        bytes: [255, 255, 255, 255, 7],
        problem: /has 1 bytes left for element 0, whose prefix says 4294967295/,
      },
      {
        it: 'too few strings',
        datatype: 'BYTES',
        shape: [2],
        bytes: element('ab'),
        problem: /holds 1 elements; BYTES \[2\] needs 2/,
      },
      {
        it: 'too many strings',
        datatype: 'BYTES',
        shape: [1],
        bytes: [...element('ab'), ...element('')],
        problem: /holds 2 elements/,
      },
      {
        it: 'strings that are no UTF-8',
        datatype: 'BYTES',
        shape: [1],
        bytes: [1, 0, 0, 0, 0xff],
        problem: /is not UTF-8 at element 0/,
      },
      {
        it: 'a shape beyond counting',
        datatype: 'BYTES',
        shape: [2 ** 53 - 1, 8],
        bytes: [],
        problem: /more bytes than can be counted/,
      },
    ]
  for (const { it: name, datatype, shape, bytes, problem } of REFUSED) {
    it(`refuses ${name}`, () => {
      assert.throws(() => tensorFromBytes(wire(datatype, shape), Uint8Array.from(bytes)), {
        code: 'invalid_argument',
        message: problem,
      })
    })
  }

  it('widens BF16 exactly', () => {
    // 1, -2, the smallest subnormal, infinity.
    const bytes = Uint8Array.from([0x80, 0x3f, 0x00, 0xc0, 0x01, 0x00, 0x80, 0x7f])
    const tensor = tensorFromBytes(wire('BF16', [4]), bytes)
    assert.equal(tensor.dtype, 'FP32')
    assert.deepEqual(tensor.data, Float32Array.of(1, -2, 2 ** -133, Infinity))
  })
})

describe('shapeFrom', () => {
  it('takes sizes', () =>
    assert.deepEqual(shapeFrom([0, 7, 2 ** 53 - 1], '/inputs/0/shape'), [0, 7, 2 ** 53 - 1]))

  const REFUSED: { value: unknown; problem: string }[] = [
    { value: undefined, problem: '/inputs/0/shape is nothing, expected a list of sizes' },
    { value: { 0: 1 }, problem: '/inputs/0/shape is an object, expected a list of sizes' },
    { value: [2, -1], problem: '/inputs/0/shape/1 is -1, expected an integer from 0 to 2^53-1' },
    { value: [1.5], problem: '/inputs/0/shape/0 is 1.5, expected an integer from 0 to 2^53-1' },
    { value: ['2'], problem: '/inputs/0/shape/0 is "2", expected an integer from 0 to 2^53-1' },
    {
      value: [2n ** 60n],
      problem: '/inputs/0/shape/0 is 1152921504606846976, expected an integer from 0 to 2^53-1',
    },
    { value: new Array(33).fill(1), problem: '/inputs/0/shape has 33 dimensions, at most 32 are possible' },
  ]
  for (const { value, problem } of REFUSED) {
    it(`refuses it where ${problem}`, () => {
      assert.throws(() => shapeFrom(value, '/inputs/0/shape'), { code: 'invalid_argument', message: problem })
    })
  }
})

function nested(value: unknown, levels: number): unknown {
  return Array.from({ length: levels }).reduce((inner) => [inner], value)
}
