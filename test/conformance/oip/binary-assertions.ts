import assert from 'node:assert/strict'
import { jsonOf, tailOf, type Assertion } from './assertion.ts'
import { addSub, bytesOf, input, rawString, ROW, SIXTEEN } from './requests.ts'

const FP32 = '/v2/models/id_fp32/infer'
const BYTES = '/v2/models/id_bytes/infer'
const ADDSUB = '/v2/models/addsub/infer'

const block = (datatype: string, shape: readonly number[], byteLength: number) => ({
  inputs: [input(datatype, shape, { parameters: { binary_data_size: byteLength } })],
})
const RAW = { 'inference-header-content-length': '0' }
const SOME = bytesOf(Float32Array.of(0.5, NaN, -0, 1))

/** Raw elements, in both directions. */
export const BINARY_ASSERTIONS: readonly Assertion[] = [
  {
    number: 50,
    it: 'half a length prefix',
    path: BYTES,
    json: block('BYTES', [1], 3),
    bytes: Buffer.alloc(3),
    status: 400,
    error: /ends inside the length prefix of element 0/,
  },
  {
    number: 51,
    it: 'another number of strings than the shape has',
    path: BYTES,
    json: block('BYTES', [2], 6),
    bytes: rawString('ab'),
    status: 400,
    error: /holds 1 elements/,
  },
  {
    number: 52,
    it: 'another number of bytes than the shape has',
    path: FP32,
    json: block('FP32', [1, 2], 4),
    bytes: Buffer.alloc(4),
    status: 400,
    error: /has 4 bytes at .* needs 8/,
  },
  {
    number: 53,
    it: 'a block larger than what is left',
    path: FP32,
    json: block('FP32', [1, 2], 8),
    bytes: Buffer.alloc(4),
    status: 400,
    error: /is 8, but 4 bytes are left/,
  },
  {
    number: 54,
    it: 'bytes that belong to no tensor',
    path: FP32,
    json: block('FP32', [1, 2], 8),
    bytes: Buffer.alloc(9),
    status: 400,
    error: /has 1 bytes more/,
  },
  ...['99999999999', '-1', 'abc', '1e3', '+5', '1000000'].map((value): Assertion => ({
    number: 55,
    it: `Inference-Header-Content-Length: ${value}`,
    path: FP32,
    json: ROW,
    headers: { 'inference-header-content-length': value },
    status: 400,
    error: /inference-header-content-length/,
  })),
  { number: 55, it: 'the server is live after them', path: '/v2/health/live', status: 200 },
  {
    number: 56,
    it: 'a block without the header',
    path: FP32,
    json: block('FP32', [1, 2], 8),
    status: 400,
    error: /say in the header inference-header-content-length/,
  },
  {
    number: 56,
    it: 'an empty block needs no header',
    path: FP32,
    json: block('FP32', [0, 2], 0),
    status: 200,
    data: [[]],
  },
  {
    number: 57,
    it: 'the only input without JSON',
    run: async (server) => {
      const answer = await server.ask('/v2/models/fixed/infer', { body: SOME, headers: RAW })
      assert.equal(answer.status, 200)
      assert.deepEqual(jsonOf(answer).outputs, [
        { name: 'OUTPUT0', datatype: 'FP32', shape: [2, 2], parameters: { binary_data_size: 16 } },
      ])
      assert.deepEqual(tailOf(answer), SOME)
    },
  },
  {
    number: 58,
    it: 'one of two inputs without JSON',
    path: ADDSUB,
    bytes: Buffer.alloc(64),
    headers: RAW,
    status: 400,
    error: /it has 2 inputs/,
  },
  {
    number: 58,
    it: 'two variable dimensions without JSON',
    path: '/v2/models/free/infer',
    bytes: Buffer.alloc(64),
    headers: RAW,
    status: 400,
    error: /only one size can follow/,
  },
  {
    number: 59,
    it: 'two strings without JSON',
    path: '/v2/models/pairs/infer',
    bytes: 'ab',
    headers: RAW,
    status: 400,
    error: /only one string/,
  },
  {
    number: 60,
    it: 'one of two outputs as bytes, in the order that was asked for',
    run: async (server) => {
      const outputs = [{ name: 'OUTPUT1' }, { name: 'OUTPUT0', parameters: { binary_data: true } }]
      const answer = await server.ask(ADDSUB, { body: JSON.stringify(addSub(1, { outputs })) })
      const json = jsonOf(answer).outputs as { name: string; data?: unknown }[]
      assert.deepEqual(
        json.map(({ name, data }) => [name, data]),
        [
          ['OUTPUT1', new Array(16).fill(0)],
          ['OUTPUT0', undefined],
        ],
      )
      assert.deepEqual(tailOf(answer), bytesOf(Int32Array.from(SIXTEEN, (value) => 2 * value)))
    },
  },
  {
    number: 61,
    it: 'binary_data_output without outputs: all as bytes',
    run: async (server) => {
      const body = JSON.stringify(addSub(1, { parameters: { binary_data_output: true } }))
      assert.equal(tailOf(await server.ask(ADDSUB, { body })).byteLength, 128)
    },
  },
  {
    number: 61,
    it: 'binary_data_output with an output that does not say so: JSON',
    path: ADDSUB,
    json: addSub(1, { parameters: { binary_data_output: true }, outputs: [{ name: 'OUTPUT1' }] }),
    status: 200,
    data: [new Array(16).fill(0)],
    answerHeaders: { 'content-type': 'application/json' },
  },
  {
    number: 62,
    it: 'no length of JSON in the head of an answer that is all JSON',
    path: FP32,
    json: ROW,
    status: 200,
    answerHeaders: { 'inference-header-content-length': null },
  },
  {
    number: 62,
    it: 'the length of JSON in the head of an answer with bytes',
    run: async (server) => {
      const body = JSON.stringify({ ...ROW, parameters: { binary_data_output: true } })
      const { headers } = await server.ask(FP32, { body })
      assert.match(String(headers['inference-header-content-length']), /^\d+$/)
      assert.equal(headers['content-type'], 'application/octet-stream')
    },
  },
]
