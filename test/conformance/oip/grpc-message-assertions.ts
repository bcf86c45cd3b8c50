import type { GrpcAssertion, GrpcCallAssertion } from './grpc-assertion.ts'
import { addSub, fp32, raw, ROW, typed } from './grpc-requests.ts'
import { bytesOf } from './requests.ts'

type Refusal = Omit<GrpcCallAssertion, 'method'> & { readonly number: number; readonly it: string }

const infer = (row: Refusal): GrpcAssertion => ({ method: 'ModelInfer', ...row })
const refused = (row: Refusal): GrpcAssertion => infer({ code: 'INVALID_ARGUMENT', ...row })
const withInput = (changes: object) => ({ ...ROW, inputs: [{ ...ROW.inputs[0], ...changes }] })

const OVER_64_BITS = '1152921504606846978'

/** What a request message may be. */
export const GRPC_MESSAGE_ASSERTIONS: readonly GrpcAssertion[] = [
  refused({
    number: 17,
    it: 'an unknown datatype',
    request: withInput({ datatype: 'FLOAT' }),
    error: /inputs\/0\/datatype is 'FLOAT', expected BOOL/,
  }),
  refused({
    number: 18,
    it: 'another datatype than the model has',
    request: typed('id_fp32', { datatype: 'INT32', shape: [1, 2] }, { int_contents: [1, 2] }),
    error: /'INPUT0' has dtype INT32, model expects FP32/,
  }),
  refused({
    number: 19,
    it: 'a wrong rank',
    request: withInput({ shape: [2] }),
    error: /'INPUT0' has shape \[2\], model expects \[rows,columns\]/,
  }),
  refused({
    number: 19,
    it: 'another size of a fixed dimension',
    request: { ...ROW, model_name: 'fixed' },
    error: /'INPUT0' has shape \[1,2\], model expects \[2,2\]/,
  }),
  refused({
    number: 20,
    it: 'a negative dimension',
    request: withInput({ shape: [1, -2] }),
    error: /inputs\/0\/shape\/1 is -2/,
  }),
  refused({
    number: 21,
    it: 'more elements than 64 bits count',
    request: withInput({ shape: [16, OVER_64_BITS] }),
    error: /inputs\/0\/shape\/1 is 1152921504606846978/,
  }),
  refused({
    number: 21,
    it: 'more elements than 64 bits count, as bytes',
    request: raw('id_fp32', { datatype: 'FP32', shape: [16, OVER_64_BITS] }, fp32(1)),
    error: /inputs\/0\/shape\/1 is 1152921504606846978/,
  }),
  refused({
    number: 22,
    it: 'more bytes than can be counted',
    request: withInput({ shape: [4, 2 ** 52] }),
    error: /more bytes than can be counted/,
  }),
  refused({
    number: 23,
    it: 'fewer elements than the shape has',
    request: withInput({ contents: { fp32_contents: [1] } }),
    error: /1 elements at .*inputs\/0\/contents/,
  }),
  refused({
    number: 24,
    it: 'more elements than the shape has',
    request: withInput({ contents: { fp32_contents: [1, 2, 3] } }),
    error: /3 elements at .*inputs\/0\/contents/,
  }),
  refused({
    number: 26,
    it: '300 for INT8',
    request: typed('id_int8', { datatype: 'INT8', shape: [1] }, { int_contents: [300] }),
    error: /300 at .*inputs\/0\/contents\/int_contents\/0, INT8 expects an integer from -128 to 127/,
  }),
  refused({
    number: 27,
    it: 'FP16 has no field for its elements',
    request: typed('id_fp16', { datatype: 'FP16', shape: [1] }, { fp32_contents: [1] }),
    error: /FP16.*raw_input_contents/,
  }),
  infer({
    number: 27,
    it: 'FP16 comes and goes as bytes',
    request: raw('id_fp16', { datatype: 'FP16', shape: [1] }, Buffer.from([0x00, 0x3e])),
    raw: [Buffer.from([0x00, 0x3e])],
  }),
  infer({
    number: 27,
    it: 'BF16 comes as bytes where the model takes FP32',
    request: raw('id_fp32', { datatype: 'BF16', shape: [1, 1] }, Buffer.from([0x80, 0x3f])),
    raw: [fp32(1)],
  }),
  refused({
    number: 29,
    it: 'elements both in a field and as bytes',
    request: { ...ROW, raw_input_contents: [fp32(0.5, 1)] },
    error: /inputs\/0.*raw_input_contents/,
  }),
  refused({
    number: 30,
    it: 'no data at all',
    request: withInput({ contents: undefined }),
    error: /'INPUT0' has 0 elements at .*inputs\/0\/contents/,
  }),
  refused({
    number: 31,
    it: 'a missing input, by its name',
    request: { ...addSub(1), ...one(addSub(1)) },
    error: /INPUT1.* is missing/,
  }),
  refused({
    number: 32,
    it: 'an input that the model does not have',
    request: { ...ROW, inputs: [...ROW.inputs, { ...ROW.inputs[0], name: 'INPUT7' }] },
    error: /unknown input 'INPUT7', the model expects 'INPUT0'/,
  }),
  refused({
    number: 33,
    it: 'an input twice',
    request: { ...ROW, inputs: [...ROW.inputs, ...ROW.inputs] },
    error: /input 'INPUT0' is given twice/,
  }),
  infer({
    number: 34,
    it: 'an optional input may be absent',
    request: optional({ x: 2 }),
    raw: [fp32(2)],
  }),
  infer({
    number: 34,
    it: 'an optional input may be there',
    request: optional({ x: 2, bias: 0.5 }),
    raw: [fp32(2.5)],
  }),
  refused({
    number: 35,
    it: 'an unknown output',
    request: { ...ROW, outputs: [{ name: 'OUTPUT7' }] },
    error: /OUTPUT7/,
  }),
  refused({
    number: 36,
    it: 'an output twice',
    request: addSub(1, { outputs: [{ name: 'OUTPUT0' }, { name: 'OUTPUT0' }] }),
    error: /outputs\/1\/name/,
  }),
  infer({
    number: 37,
    it: 'only the outputs that are asked for come',
    request: addSub(1, { outputs: [{ name: 'OUTPUT1' }] }),
    raw: [bytesOf(new Int32Array(16))],
  }),
  refused({ number: 38, it: '9 rows where 8 are the most', request: addSub(9), error: /9 rows/ }),
  infer({ number: 38, it: '8 rows where 8 are the most', request: addSub(8) }),
  refused({ number: 39, it: 'inputs with different rows', request: unequalRows(), error: /INPUT1/ }),
  refused({
    number: 40,
    it: 'no dimension of the rows',
    request: addSub(1, { inputs: addSub(1).inputs.map((each) => ({ ...each, shape: [16] })) }),
    error: /shape \[16\], model expects \[batch,16\]; its first dimension is the rows: send \[1,16\] for one/,
  }),
]

function one({ inputs, raw_input_contents: contents }: ReturnType<typeof addSub>) {
  return { inputs: inputs.slice(0, 1), raw_input_contents: contents.slice(0, 1) }
}

function unequalRows(): object {
  const [first, second] = [addSub(1), addSub(2)]
  return {
    ...first,
    inputs: [first.inputs[0], second.inputs[1]],
    raw_input_contents: [first.raw_input_contents[0], second.raw_input_contents[1]],
  }
}

function optional(values: Readonly<Record<string, number>>): object {
  return {
    model_name: 'optional',
    inputs: Object.keys(values).map((name) => ({ name, datatype: 'FP32', shape: [1, 1] })),
    raw_input_contents: Object.values(values).map((value) => fp32(value)),
  }
}
