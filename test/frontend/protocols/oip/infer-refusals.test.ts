import assert from 'node:assert/strict'
import { OipFixture } from '../../../support/oip-fixture.ts'

const X = { name: 'x', datatype: 'FP32', shape: [1, 2], data: [0.5, 1] }
const inputs = (changes: object) => ({ inputs: [{ ...X, ...changes }] })
const BLOCK = new Uint8Array(8)
const blockOf = (bytes: unknown) => inputs({ data: undefined, parameters: { binary_data_size: bytes } })

describe('OIP infer refuses', () => {
  let oip: OipFixture
  beforeEach(async () => {
    oip = await OipFixture.open()
    oip.dataPlane.inputs = [{ name: 'x', dtype: 'FP32', shape: ['batch', 2] }]
  })
  afterEach(() => oip.close())

  const messageOf = ({ text }: { text: string }) => (JSON.parse(text) as { error: string }).error

  const BODIES: { it: string; body: unknown; status?: number; error: string | RegExp }[] = [
    { it: 'a list', body: [], error: 'the request body is [], expected an object' },
    { it: 'a number', body: 1, error: 'the request body is 1, expected an object' },
    { it: 'no inputs', body: {}, error: '/inputs is nothing, expected a list' },
    { it: 'an object of inputs', body: { inputs: {} }, error: '/inputs is an object, expected a list' },
    { it: 'an input that is no object', body: { inputs: [7] }, error: '/inputs/0 is 7, expected an object' },
    {
      it: 'no name',
      body: inputs({ name: undefined }),
      error: '/inputs/0/name is nothing, expected a string',
    },
    {
      it: 'no datatype',
      body: inputs({ datatype: undefined }),
      error: /^\/inputs\/0\/datatype is nothing, expected one of BOOL, /,
    },
    {
      it: 'an unknown datatype',
      body: inputs({ datatype: 'FLOAT' }),
      error: /^\/inputs\/0\/datatype is "FLOAT", expected one of BOOL, /,
    },
    {
      it: 'another datatype',
      body: inputs({ datatype: 'FP64' }),
      error: "/inputs/0/datatype is FP64, input 'x' of the model takes FP32",
    },
    {
      it: 'no shape',
      body: inputs({ shape: undefined }),
      error: '/inputs/0/shape is nothing, expected a list of sizes',
    },
    {
      it: 'a negative size',
      body: inputs({ shape: [1, -2] }),
      error: '/inputs/0/shape/1 is -2, expected an integer from 0 to 2^53-1',
    },
    {
      it: 'another rank',
      body: inputs({ shape: [2] }),
      error: /^\/inputs\/0\/shape: input 'x' has shape \[2\], model expects \[batch,2\]/,
    },
    {
      it: 'another size',
      body: inputs({ shape: [1, 3] }),
      error: /^\/inputs\/0\/shape: input 'x' has shape \[1,3\]/,
    },
    {
      it: 'sizes beyond counting',
      body: inputs({ shape: [2 ** 53 - 1, 2] }),
      error: /more bytes than can be counted/,
    },
    {
      it: 'too few elements',
      body: inputs({ data: [1] }),
      error: "input 'x' has 1 elements at /inputs/0/data, its shape [1,2] needs 2",
    },
    {
      it: 'text for a number',
      body: inputs({ data: [1, 'one'] }),
      error: /^input 'x' has "one" at \/inputs\/0\/data\/1, FP32 expects/,
    },
    {
      it: 'no data',
      body: inputs({ data: undefined }),
      error: /^\/inputs\/0 has no data: input 'x' needs 'data', or/,
    },
    {
      it: 'an unknown input',
      body: inputs({ name: 'y' }),
      error: /^\/inputs\/0\/name: unknown input 'y', the model expects 'x'/,
    },
    { it: 'an input twice', body: { inputs: [X, X] }, error: "/inputs/1/name: input 'x' is given twice" },
    {
      it: 'data in both ways',
      body: inputs({ parameters: { binary_data_size: 8 } }),
      error: "/inputs/0 has both 'data' and 'parameters.binary_data_size'; give one of them",
    },
    {
      it: 'bytes without the header',
      body: blockOf(8),
      error:
        '/inputs/0/parameters/binary_data_size is 8, but 0 bytes are left behind the JSON; say in the header inference-header-content-length where the JSON ends',
    },
    {
      it: 'shared memory',
      body: inputs({ parameters: { shared_memory_region: 'r' } }),
      status: 501,
      error: /^\/inputs\/0\/parameters\/shared_memory_region: shared memory is not supported/,
    },
    { it: 'an id that is no text', body: { ...inputs({}), id: 7 }, error: '/id is 7, expected a string' },
    {
      it: 'parameters that are no object',
      body: { ...inputs({}), parameters: [] },
      error: '/parameters is [], expected an object',
    },
    {
      it: 'a reserved parameter',
      body: { ...inputs({}), parameters: { triton_x: 1 } },
      error: /^\/parameters\/triton_x is reserved/,
    },
    {
      it: 'a parameter that is a list',
      body: { ...inputs({}), parameters: { beams: [1] } },
      error: /^\/parameters\/beams is an array/,
    },
    {
      it: 'an unknown way of NaN',
      body: { ...inputs({}), parameters: { non_finite: 'nan' } },
      error: '/parameters/non_finite is "nan", expected string, null, token',
    },
    {
      it: 'an output without a name',
      body: { ...inputs({}), outputs: [{}] },
      error: '/outputs/0/name is nothing, expected a string',
    },
    {
      it: 'an output twice',
      body: { ...inputs({}), outputs: [{ name: 'y' }, { name: 'y' }] },
      error: "/outputs/1/name: output 'y' is asked for twice",
    },
    {
      it: 'a word for binary_data',
      body: { ...inputs({}), outputs: [{ name: 'y', parameters: { binary_data: 'yes' } }] },
      error: '/outputs/0/parameters/binary_data is "yes", expected true or false',
    },
    {
      it: 'classes that are no number',
      body: { ...inputs({}), outputs: [{ name: 'y', parameters: { classification: 'all' } }] },
      error: /^\/outputs\/0\/parameters\/classification is "all"/,
    },
  ]
  for (const { it: name, body, status = 400, error } of BODIES) {
    it(name, async () => {
      const answer = await oip.post('/v2/models/digits/infer', body)
      assert.equal(answer.status, status, answer.text)
      assert.match(messageOf(answer), exactly(error))
      assert.equal(answer.headers['content-type'], 'application/json')
      assert.equal(oip.dataPlane.cancelled, 1)
      assert.equal(oip.dataPlane.payloads.length, 0)
    })
  }

  const TEXTS: { it: string; text: string | Uint8Array; error: RegExp }[] = [
    {
      it: 'an empty body',
      text: '',
      error: /^the request body is not valid JSON: it ends where value is expected/,
    },
    {
      it: 'what is no JSON',
      text: '{"inputs": [}',
      error: /^the request body is not valid JSON: unexpected "}" at position 12/,
    },
    {
      it: 'what is no UTF-8',
      text: Uint8Array.of(0x22, 0xff, 0x22),
      error: /^the request body is not UTF-8/,
    },
  ]
  for (const { it: name, text, error } of TEXTS) {
    it(name, async () => {
      const answer = await oip.post('/v2/models/digits/infer', undefined, { body: text })
      assert.equal(answer.status, 400)
      assert.match(messageOf(answer), error)
    })
  }

  const LENGTHS = [
    {
      value: 'abc',
      error: /^the header 'inference-header-content-length' is "abc", expected the number of bytes/,
    },
    { value: '-1', error: /is "-1"/ },
    { value: '99999999999', error: /says 99999999999 bytes of JSON, the body has/ },
    { value: '99999999999999999999', error: /is "99999999999999999999"/ },
    { value: '3', error: /^the request body is not valid JSON/ },
  ]
  for (const { value, error } of LENGTHS) {
    it(`a length of ${value}`, async () => {
      const headers = { 'inference-header-content-length': value }
      const answer = await oip.post('/v2/models/digits/infer', inputs({}), { headers })
      assert.equal(answer.status, 400)
      assert.match(messageOf(answer), error)
    })
  }

  const BLOCKS: { it: string; size: unknown; blocks: Uint8Array[]; error: RegExp }[] = [
    {
      it: 'a block that is not there',
      size: 9,
      blocks: [BLOCK],
      error: /binary_data_size is 9, but 8 bytes are left behind the JSON$/,
    },
    {
      it: 'bytes of no input',
      size: 8,
      blocks: [BLOCK, BLOCK],
      error: /has 8 bytes more than its inputs' binary_data_size say/,
    },
    {
      it: 'a block of another size',
      size: 4,
      blocks: [BLOCK],
      error: /input 'x' has 4 bytes at .*, FP32 \[1,2\] needs 8/,
    },
    {
      it: 'a negative size of a block',
      size: -8,
      blocks: [BLOCK],
      error: /is -8, expected a number of bytes from 0/,
    },
    {
      it: 'a size of a block that is text',
      size: '8',
      blocks: [BLOCK],
      error: /is "8", expected a number of bytes/,
    },
  ]
  for (const { it: name, size, blocks, error } of BLOCKS) {
    it(name, async () => {
      const answer = await oip.postBinary('/v2/models/digits/infer', blockOf(size), blocks)
      assert.equal(answer.status, 400)
      assert.match(messageOf(answer), error)
    })
  }

  const RAW: { it: string; inputs: OipFixture['dataPlane']['inputs']; body: string; error: RegExp }[] = [
    {
      it: 'two inputs without JSON',
      inputs: [
        { name: 'a', dtype: 'FP32', shape: [2] },
        { name: 'b', dtype: 'FP32', shape: [2] },
      ],
      body: '',
      error: /it has 2 inputs, and only one can be sent without JSON/,
    },
    {
      it: 'two variable sizes without JSON',
      inputs: [{ name: 'x', dtype: 'FP32', shape: [2, 'a', 'b'] }],
      body: '',
      error: /its input 'x' is \[2,a,b\], and only one size can follow/,
    },
    {
      it: 'several strings without JSON',
      inputs: [{ name: 'x', dtype: 'BYTES', shape: ['batch', 2] }],
      body: 'a',
      error: /only one string can be sent without JSON/,
    },
    {
      it: 'a part of a row without JSON',
      inputs: [{ name: 'x', dtype: 'FP32', shape: ['batch', 2] }],
      body: '12345',
      error: /has 5 bytes at the request body, FP32 \[0,2\] needs 0/,
    },
  ]
  for (const { it: name, inputs: given, body, error } of RAW) {
    it(name, async () => {
      oip.dataPlane.inputs = given
      const headers = { 'inference-header-content-length': '0' }
      const answer = await oip.post('/v2/models/digits/infer', undefined, { body, headers })
      assert.equal(answer.status, 400)
      assert.match(messageOf(answer), error)
    })
  }

  it('a body over the limit of the model as 413', async () => {
    const answer = await oip.post('/v2/models/digits/infer', undefined, { body: new Uint8Array(100_001) })
    assert.equal(answer.status, 413)
  })
})

function exactly(error: string | RegExp): RegExp {
  if (typeof error !== 'string') return error
  return new RegExp(`^${error.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`)
}
