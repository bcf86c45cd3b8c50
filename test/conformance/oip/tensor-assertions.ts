import assert from 'node:assert/strict'
import type { Assertion } from './assertion.ts'
import { input, ROW, SIXTEEN } from './requests.ts'

const FP32 = '/v2/models/id_fp32/infer'

const nested = (levels: number) => Array.from({ length: levels }).reduce((inner) => [inner], 0.5 as unknown)
const deep = (levels: number) => ({ inputs: [input('FP32', [1, 1], { data: nested(levels) })] })

/** What tensors carry. */
export const TENSOR_ASSERTIONS: readonly Assertion[] = [
  {
    number: 27,
    it: 'FP16 comes as numbers',
    path: '/v2/models/id_fp16/infer',
    json: { inputs: [input('FP16', [3], { data: [0.5, -65504, 0.1] })] },
    status: 200,
    data: [[0.5, -65504, 0.0999755859375]],
  },
  {
    number: 27,
    it: 'BF16 comes as numbers where the model takes FP32',
    path: FP32,
    json: { inputs: [input('BF16', [1, 2], { data: [0.5, 1.001] })] },
    status: 200,
    data: [[0.5, 1]],
  },
  {
    number: 27,
    it: 'BF16 does not come where the model takes FP16',
    path: '/v2/models/id_fp16/infer',
    json: { inputs: [input('BF16', [1], { data: [1] })] },
    status: 400,
    error: /^\/inputs\/0\/datatype is BF16, .* takes FP16/,
  },
  {
    number: 28,
    it: 'FP16 is answered as numbers',
    path: '/v2/models/id_fp16/infer',
    json: { inputs: [input('FP16', [1], { data: [1.5] })] },
    status: 200,
    answer: { outputs: [{ name: 'OUTPUT0', datatype: 'FP16', shape: [1], data: [1.5] }] },
  },
  {
    number: 41,
    it: 'a dimension of size 0 is kept',
    path: FP32,
    json: { inputs: [input('FP32', [0, 3], { data: [] })] },
    status: 200,
    answer: { outputs: [{ name: 'OUTPUT0', datatype: 'FP32', shape: [0, 3], data: [] }] },
  },
  {
    number: 41,
    it: 'rows of size 0 are kept',
    path: FP32,
    json: { inputs: [input('FP32', [2, 0], { data: [[], []] })] },
    status: 200,
    answer: { outputs: [{ name: 'OUTPUT0', datatype: 'FP32', shape: [2, 0], data: [] }] },
  },
  {
    number: 42,
    it: 'nested and flat data are the same',
    run: async (server) => {
      const ask = (data: unknown) =>
        server.ask('/v2/models/addsub/infer', {
          body: JSON.stringify({
            inputs: ['INPUT0', 'INPUT1'].map((name) => ({ name, datatype: 'INT32', shape: [2, 16], data })),
          }),
        })
      const [nestedAnswer, flatAnswer] = await Promise.all([
        ask([SIXTEEN, SIXTEEN]),
        ask([...SIXTEEN, ...SIXTEEN]),
      ])
      assert.equal(nestedAnswer.status, 200)
      assert.equal(nestedAnswer.text, flatAnswer.text)
    },
  },
  { number: 43, it: 'data nested in 50 lists', path: FP32, json: deep(50), status: 200, data: [[0.5]] },
  {
    number: 43,
    it: 'data nested in 120 lists',
    path: FP32,
    json: deep(120),
    status: 400,
    error: /\/inputs\/0\/data is nested deeper than 100 lists/,
  },
  {
    number: 44,
    it: 'the id comes back',
    path: FP32,
    json: { ...ROW, id: 'a1' },
    status: 200,
    answer: { id: 'a1' },
  },
  {
    number: 44,
    it: 'no id comes where none was given',
    run: async (server) =>
      assert.doesNotMatch((await server.ask(FP32, { body: JSON.stringify(ROW) })).text, /"id"/),
  },
  {
    number: 44,
    it: 'an id that is no text',
    path: FP32,
    json: { ...ROW, id: 7 },
    status: 400,
    error: /^\/id is 7/,
  },
  {
    number: 45,
    it: 'unknown members are ignored',
    path: FP32,
    json: { ...ROW, model_name: 'id_fp32', x: [] },
    status: 200,
  },
  {
    number: 46,
    it: 'a parameter of a reserved name',
    path: FP32,
    json: { ...ROW, parameters: { triton_x: 1 } },
    status: 400,
    error: /^\/parameters\/triton_x/,
  },
  {
    number: 47,
    it: 'a parameter that is a list',
    path: FP32,
    json: { ...ROW, parameters: { x: [] } },
    status: 400,
    error: /^\/parameters\/x/,
  },
  {
    number: 47,
    it: 'a parameter that is an object',
    path: FP32,
    json: { ...ROW, parameters: { x: {} } },
    status: 400,
    error: /^\/parameters\/x/,
  },
  {
    number: 47,
    it: 'a parameter that is no number',
    path: FP32,
    bytes: JSON.stringify({ ...ROW, parameters: { x: 0 } }).replace('"x":0', '"x":NaN'),
    status: 400,
    error: /^\/parameters\/x/,
  },
  {
    number: 48,
    it: 'NaN and infinities come and go as strings, which is JSON',
    path: FP32,
    json: { inputs: [input('FP32', [1, 3], { data: ['NaN', 'Infinity', '-Infinity'] })] },
    status: 200,
    data: [['NaN', 'Infinity', '-Infinity']],
  },
  {
    number: 48,
    it: 'they come as bare tokens too, and go as null on request',
    path: FP32,
    bytes:
      '{"parameters":{"non_finite":"null"},"inputs":[{"name":"INPUT0","datatype":"FP32","shape":[1,2],"data":[NaN,-Infinity]}]}',
    status: 200,
    data: [[null, null]],
  },
  {
    number: 48,
    it: 'they go as bare tokens on request',
    run: async (server) => {
      const body = { inputs: [input('FP32', [1, 1], { data: ['NaN'] })], parameters: { non_finite: 'token' } }
      assert.match((await server.ask(FP32, { body: JSON.stringify(body) })).text, /"data":\[NaN\]/)
    },
  },
  {
    number: 48,
    it: '64-bit integers keep every digit',
    run: async (server) => {
      const text = '[-9223372036854775808,9223372036854775807,9007199254740993]'
      const body = `{"inputs":[{"name":"INPUT0","datatype":"INT64","shape":[3],"data":${text}}]}`
      assert.ok((await server.ask('/v2/models/id_int64/infer', { body })).text.includes(`"data":${text}`))
    },
  },
  {
    number: 49,
    it: 'strings of any characters, and none',
    path: '/v2/models/id_bytes/infer',
    json: { inputs: [input('BYTES', [3], { data: ['é𝄞', '', '"\\\n'] })] },
    status: 200,
    data: [['é𝄞', '', '"\\\n']],
  },
  {
    number: 49,
    it: 'NUL characters, where a handler takes the strings',
    path: '/v2/models/strings/infer',
    json: { inputs: [input('BYTES', [2], { data: ['a\0b', '\0'] })] },
    status: 200,
    data: [['a\0b', '\0']],
  },
  {
    number: 49,
    it: 'NUL characters for a graph, whose engine would cut the string there',
    path: '/v2/models/id_bytes/infer',
    json: { inputs: [input('BYTES', [1], { data: ['a\0b'] })] },
    status: 400,
    error: /INPUT0.* NUL character/,
  },
]
