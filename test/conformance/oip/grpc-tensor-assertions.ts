import assert from 'node:assert/strict'
import type { GrpcAssertion } from './grpc-assertion.ts'
import { fp32, raw, ROW, typed } from './grpc-requests.ts'
import { rawString } from './requests.ts'

const BYTES = { datatype: 'BYTES', shape: [1] }
const SPECIAL = [NaN, Infinity, -Infinity, -0]
const STRINGS = ['é𝄞', '', '"\\\n'].map((text) => Buffer.from(text))
const INTEGERS = ['-9223372036854775808', '9223372036854775807', '9007199254740993']

const eightBytes = (value: string) => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64LE(BigInt(value))
  return bytes
}

/** What tensors carry, as fields and as bytes. */
export const GRPC_TENSOR_ASSERTIONS: readonly GrpcAssertion[] = [
  ...[
    { it: 'a dimension of size 0 is kept', shape: [0, 3] },
    { it: 'rows of size 0 are kept', shape: [2, 0] },
  ].map(({ it, shape }): GrpcAssertion => ({
    number: 41,
    it,
    run: async ({ client }) => {
      const request = raw('id_fp32', { datatype: 'FP32', shape }, Buffer.alloc(0))
      const { message } = await client.unary('ModelInfer', request)
      const [output] = message['outputs'] as { shape: number[] }[]
      assert.deepEqual([output?.shape, message['raw_output_contents']], [shape, [Buffer.alloc(0)]])
    },
  })),
  {
    number: 44,
    it: 'the id comes back',
    method: 'ModelInfer',
    request: { ...ROW, id: 'a1' },
    answer: { id: 'a1' },
  },
  { number: 44, it: 'no id where none was given', method: 'ModelInfer', request: ROW, answer: { id: '' } },
  {
    number: 46,
    it: 'a parameter of a reserved name',
    method: 'ModelInfer',
    request: { ...ROW, parameters: { triton_x: { int64_param: 1 } } },
    code: 'INVALID_ARGUMENT',
    error: /parameters\/triton_x/,
  },
  {
    number: 48,
    it: 'NaN, infinities and the negative zero, as fields',
    method: 'ModelInfer',
    request: typed('id_fp32', { datatype: 'FP32', shape: [1, 4] }, { fp32_contents: SPECIAL }),
    raw: [fp32(...SPECIAL)],
  },
  {
    number: 48,
    it: 'NaN, infinities and the negative zero, as bytes',
    method: 'ModelInfer',
    request: raw('id_fp32', { datatype: 'FP32', shape: [1, 4] }, fp32(...SPECIAL)),
    raw: [fp32(...SPECIAL)],
  },
  {
    number: 48,
    it: '64-bit integers keep every digit',
    method: 'ModelInfer',
    request: typed('id_int64', { datatype: 'INT64', shape: [3] }, { int64_contents: INTEGERS }),
    raw: [Buffer.concat(INTEGERS.map(eightBytes))],
  },
  {
    number: 49,
    it: 'strings of any characters, and none',
    method: 'ModelInfer',
    request: typed('id_bytes', { datatype: 'BYTES', shape: [3] }, { bytes_contents: STRINGS }),
    raw: [Buffer.concat(STRINGS.map((text) => rawString(text.toString())))],
  },
  {
    number: 49,
    it: 'NUL characters, where a handler takes the strings',
    method: 'ModelInfer',
    request: raw('strings', BYTES, rawString('a\0b')),
    raw: [rawString('a\0b')],
  },
  {
    number: 49,
    it: 'NUL characters for a graph, whose engine would cut the string there',
    method: 'ModelInfer',
    request: raw('id_bytes', BYTES, rawString('a\0b')),
    code: 'INVALID_ARGUMENT',
    error: /INPUT0.* NUL character/,
  },
  {
    number: 50,
    it: 'half a length prefix',
    method: 'ModelInfer',
    request: raw('id_bytes', BYTES, Buffer.alloc(3)),
    code: 'INVALID_ARGUMENT',
    error: /ends inside the length prefix of element 0/,
  },
  {
    number: 51,
    it: 'another number of strings than the shape has',
    method: 'ModelInfer',
    request: raw('id_bytes', { datatype: 'BYTES', shape: [2] }, rawString('ab')),
    code: 'INVALID_ARGUMENT',
    error: /holds 1 elements/,
  },
  {
    number: 52,
    it: 'another number of bytes than the shape has',
    method: 'ModelInfer',
    request: raw('id_fp32', { datatype: 'FP32', shape: [1, 2] }, fp32(1)),
    code: 'INVALID_ARGUMENT',
    error: /has 4 bytes at .*raw_input_contents\/0.* needs 8/,
  },
  {
    number: 54,
    it: 'bytes that belong to no tensor',
    method: 'ModelInfer',
    request: raw('id_fp32', { datatype: 'FP32', shape: [1, 1] }, fp32(1), fp32(2)),
    code: 'INVALID_ARGUMENT',
    error: /raw_input_contents/,
  },
]
