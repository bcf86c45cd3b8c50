import assert from 'node:assert/strict'
import { predictionsToJson } from '../../../../frontend/protocols/tfserving/answers.ts'
import type { Form } from '../../../../frontend/protocols/tfserving/codec.ts'
import type { Signature } from '../../../../frontend/protocols/tfserving/signatures.ts'
import type { Tensor } from '../../../../worker/contract/tensor.ts'

function signatureOf(...aliases: readonly string[]): Signature {
  const outputs = aliases.map((alias) => ({
    alias,
    tensor: { name: `graph:${alias}`, dtype: 'FP32', shape: [] } as const,
  }))
  return { name: 'serving_default', method: 'predict', inputs: [], outputs }
}

function floats(alias: string, shape: readonly number[], ...values: readonly number[]): Tensor {
  return { name: `graph:${alias}`, dtype: 'FP32', shape, data: Float32Array.from(values) }
}

function answer(form: Form, ...tensors: readonly Tensor[]): string {
  const aliases = tensors.map(({ name }) => name.slice('graph:'.length))
  return predictionsToJson({ signature: signatureOf(...aliases), form }, tensors, { nonFinite: 'string' })
}

const A = floats('a', [2], 1, 2.5)
const B = floats('b', [2, 1], 0.1, 1e21)
const SCALAR = floats('s', [], 3)
const BIG: Tensor = { name: 'graph:n', dtype: 'INT64', shape: [1], data: BigInt64Array.of(-(2n ** 63n)) }
const TEXT: Tensor = { name: 'graph:t', dtype: 'BYTES', shape: [1, 2], data: ['a"', 'è'] }
const BYTES: Tensor = { name: 'graph:t_bytes', dtype: 'BYTES', shape: [1, 2], data: ['a"', 'è'] }

describe('predictions in JSON', () => {
  const CASES: readonly { it: string; form: Form; tensors: readonly Tensor[]; text: string }[] = [
    {
      it: 'have the bare rows of a single output',
      form: 'row',
      tensors: [A],
      text: '{"predictions":[1.0,2.5]}',
    },
    {
      it: 'have the bare tensor of a single output',
      form: 'columnar',
      tensors: [A],
      text: '{"outputs":[1.0,2.5]}',
    },
    { it: 'may be a scalar, by columns', form: 'columnar', tensors: [SCALAR], text: '{"outputs":3.0}' },
    {
      it: 'have an object for each row, names sorted',
      form: 'row',
      tensors: [B, A],
      text: '{"predictions":[{"a":1.0,"b":[0.1]},{"a":2.5,"b":[1e+21]}]}',
    },
    {
      it: 'have an object of columns, whatever their sizes',
      form: 'columnar',
      tensors: [B, SCALAR],
      text: '{"outputs":{"b":[[0.1],[1e+21]],"s":3.0}}',
    },
    {
      it: 'keep all digits of an integer',
      form: 'row',
      tensors: [BIG],
      text: '{"predictions":[-9223372036854775808]}',
    },
    { it: 'write strings as they are', form: 'row', tensors: [TEXT], text: '{"predictions":[["a\\"","è"]]}' },
    {
      it: 'encode the strings of an output of bytes',
      form: 'row',
      tensors: [BYTES],
      text: '{"predictions":[[{"b64":"YSI="},{"b64":"w6g="}]]}',
    },
    {
      it: 'write what is no number as a text',
      form: 'row',
      tensors: [floats('a', [3], NaN, Infinity, -Infinity)],
      text: '{"predictions":["NaN","Infinity","-Infinity"]}',
    },
    { it: 'may have no rows', form: 'row', tensors: [floats('a', [0, 2])], text: '{"predictions":[]}' },
  ]
  for (const { it: claim, form, tensors, text } of CASES) {
    it(claim, () => assert.equal(answer(form, ...tensors), text))
  }

  const UNFIT = [
    { tensors: [A, SCALAR], message: /the output 's' is a scalar and has no shape information/ },
    {
      tensors: [A, floats('b', [1], 1)],
      message: /inconsistent batch size: the output 'b' has 1 rows, 'a' has 2/,
    },
  ]
  for (const { tensors, message } of UNFIT) {
    it(`are refused as rows: ${message.source}`, () => {
      assert.throws(() => answer('row', ...tensors), { code: 'invalid_argument', message })
    })
  }
})
