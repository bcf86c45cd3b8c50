import type { Assertion, HttpAssertion } from './assertion.ts'
import { addSub, input, ROW } from './requests.ts'

const FP32 = '/v2/models/id_fp32/infer'
const ADDSUB = '/v2/models/addsub/infer'

type Refusal = Omit<HttpAssertion, 'path' | 'status'> & {
  readonly number: number
  readonly it: string
  readonly path?: string
}

const refused = ({ path = FP32, ...rest }: Refusal): Assertion => ({ path, status: 400, ...rest })
const withInput = (changes: object) => ({ inputs: [{ ...ROW.inputs[0], ...changes }] })

/** What the body of a request may be. */
export const BODY_ASSERTIONS: readonly Assertion[] = [
  refused({ number: 12, it: 'an empty body', method: 'POST', bytes: '', error: /not valid JSON/ }),
  refused({ number: 13, it: 'malformed JSON', bytes: '{"inputs":', error: /not valid JSON: it ends where/ }),
  refused({ number: 14, it: 'a body that is a list', json: [], error: /expected an object/ }),
  refused({ number: 14, it: 'a body that is a number', json: 1, error: /expected an object/ }),
  refused({ number: 15, it: 'no inputs', json: {}, error: /^\/inputs is nothing/ }),
  refused({
    number: 15,
    it: 'inputs that are no list',
    json: { inputs: {} },
    error: /^\/inputs is an object/,
  }),
  refused({
    number: 16,
    it: 'an input without name',
    json: withInput({ name: undefined }),
    error: /^\/inputs\/0\/name /,
  }),
  refused({
    number: 16,
    it: 'an input without datatype',
    json: withInput({ datatype: undefined }),
    error: /^\/inputs\/0\/datatype /,
  }),
  refused({
    number: 16,
    it: 'an input without shape',
    json: withInput({ shape: undefined }),
    error: /^\/inputs\/0\/shape /,
  }),
  refused({
    number: 17,
    it: 'an unknown datatype',
    json: withInput({ datatype: 'FLOAT' }),
    error: /^\/inputs\/0\/datatype is "FLOAT"/,
  }),
  refused({
    number: 18,
    it: 'another datatype than the model has',
    json: withInput({ datatype: 'INT32' }),
    error: /^\/inputs\/0\/datatype is INT32, .* takes FP32/,
  }),
  refused({
    number: 19,
    it: 'a wrong rank',
    json: withInput({ shape: [2] }),
    error: /^\/inputs\/0\/shape: /,
  }),
  refused({
    number: 19,
    it: 'another size of a fixed dimension',
    path: '/v2/models/fixed/infer',
    json: withInput({}),
    error: /^\/inputs\/0\/shape: .*\[2,2\]/,
  }),
  refused({
    number: 19,
    it: 'a list where the model takes a scalar',
    path: '/v2/models/scalar/infer',
    json: { inputs: [input('FP32', [1], { data: [1] })] },
    error: /^\/inputs\/0\/shape: .*has shape \[1\], model expects \[\]/,
  }),
  {
    number: 19,
    it: 'a scalar where the model takes one',
    path: '/v2/models/scalar/infer',
    json: { inputs: [input('FP32', [], { data: [1] })] },
    status: 200,
    answer: { outputs: [{ name: 'OUTPUT0', datatype: 'FP32', shape: [], data: [1] }] },
  },
  refused({
    number: 20,
    it: 'a negative dimension',
    json: withInput({ shape: [1, -2] }),
    error: /^\/inputs\/0\/shape\/1 is -2/,
  }),
  refused({
    number: 21,
    it: 'more elements than 64 bits count',
    json: withInput({ shape: [16, 1152921504606846978n.toString()] }),
    error: /^\/inputs\/0\/shape\/1 /,
  }),
  refused({
    number: 21,
    it: 'more elements than 64 bits count, as a number',
    bytes: '{"inputs":[{"name":"INPUT0","datatype":"FP32","shape":[16,1152921504606846978],"data":[1]}]}',
    error: /^\/inputs\/0\/shape\/1 is 1152921504606846978/,
  }),
  refused({
    number: 22,
    it: 'more bytes than can be counted',
    json: withInput({ shape: [4, 2 ** 52] }),
    error: /more bytes than can be counted/,
  }),
  refused({
    number: 23,
    it: 'fewer elements than the shape has',
    json: withInput({ data: [1] }),
    error: /1 elements at \/inputs\/0\/data/,
  }),
  refused({
    number: 24,
    it: 'more elements than the shape has',
    json: withInput({ data: [1, 2, 3] }),
    error: /3 elements at \/inputs\/0\/data/,
  }),
  refused({
    number: 25,
    it: 'text for FP32',
    json: withInput({ data: [1, 'x'] }),
    error: /at \/inputs\/0\/data\/1, FP32 expects/,
  }),
  refused({
    number: 25,
    it: '1.5 for INT8',
    path: '/v2/models/id_int8/infer',
    json: { inputs: [input('INT8', [1], { data: [1.5] })] },
    error: /1.5 at \/inputs\/0\/data\/0, INT8 expects/,
  }),
  refused({
    number: 26,
    it: '300 for INT8',
    path: '/v2/models/id_int8/infer',
    json: { inputs: [input('INT8', [1], { data: [300] })] },
    error: /300 at \/inputs\/0\/data\/0, INT8 expects an integer from -128 to 127/,
  }),
  refused({
    number: 29,
    it: 'data both in JSON and as bytes',
    json: withInput({ parameters: { binary_data_size: 8 } }),
    error: /^\/inputs\/0 has both/,
  }),
  refused({
    number: 30,
    it: 'no data at all',
    json: withInput({ data: undefined }),
    error: /^\/inputs\/0 has no data/,
  }),
  refused({
    number: 31,
    it: 'a missing input, by its name',
    path: ADDSUB,
    json: { inputs: [addSub(1).inputs[0]] },
    error: /INPUT1.* is missing/,
  }),
  refused({
    number: 32,
    it: 'an input that the model does not have',
    json: { inputs: [...ROW.inputs, { ...ROW.inputs[0], name: 'INPUT7' }] },
    error: /^\/inputs\/1\/name: unknown input 'INPUT7'/,
  }),
  refused({
    number: 33,
    it: 'an input twice',
    json: { inputs: [...ROW.inputs, ...ROW.inputs] },
    error: /^\/inputs\/1\/name/,
  }),
  {
    number: 34,
    it: 'an optional input may be absent',
    path: '/v2/models/optional/infer',
    json: { inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 1], data: [2] }] },
    status: 200,
    data: [[2]],
  },
  {
    number: 34,
    it: 'an optional input may be there',
    path: '/v2/models/optional/infer',
    json: {
      inputs: [
        { name: 'x', datatype: 'FP32', shape: [1, 1], data: [2] },
        { name: 'bias', datatype: 'FP32', shape: [1, 1], data: [0.5] },
      ],
    },
    status: 200,
    data: [[2.5]],
  },
  refused({
    number: 35,
    it: 'an unknown output',
    json: { ...ROW, outputs: [{ name: 'OUTPUT7' }] },
    error: /OUTPUT7/,
  }),
  refused({
    number: 36,
    it: 'an output twice',
    path: ADDSUB,
    json: addSub(1, { outputs: [{ name: 'OUTPUT0' }, { name: 'OUTPUT0' }] }),
    error: /^\/outputs\/1\/name/,
  }),
  {
    number: 37,
    it: 'only the outputs that are asked for come',
    path: ADDSUB,
    json: addSub(1, { outputs: [{ name: 'OUTPUT1' }] }),
    status: 200,
    answer: {
      outputs: [{ name: 'OUTPUT1', datatype: 'INT32', shape: [1, 16], data: new Array(16).fill(0) }],
    },
  },
  refused({
    number: 38,
    it: '9 rows where 8 are the most',
    path: ADDSUB,
    json: addSub(9),
    error: /9 rows/,
  }),
  { number: 38, it: '8 rows where 8 are the most', path: ADDSUB, json: addSub(8), status: 200 },
  refused({
    number: 39,
    it: 'inputs with different rows',
    path: ADDSUB,
    json: { inputs: [addSub(1).inputs[0], addSub(2).inputs[1]] },
    error: /INPUT1/,
  }),
  refused({
    number: 40,
    it: 'no dimension of the rows',
    path: ADDSUB,
    json: { inputs: addSub(1).inputs.map((each) => ({ ...each, shape: [16] })) },
    error:
      /^\/inputs\/0\/shape: .*\[16\].*\[batch,16\]; its first dimension is the rows: send \[1,16\] for one/,
  }),
]
