import assert from 'node:assert/strict'
import { objectFrom, predictRequestFrom } from '../../../../frontend/protocols/tfserving/codec.ts'
import type { SignatureSource } from '../../../../frontend/protocols/tfserving/signatures.ts'
import type { DataType } from '../../../../worker/contract/data-type.ts'
import { metadataOf, tensorModel } from '../../../support/tfserving-fixture.ts'

const ONE = tensorModel()
const TWO = tensorModel({ inputs: [metadataOf('FP32', 'a'), metadataOf('INT32', 'b')] })
const SIGNATURES = tensorModel({
  inputs: [metadataOf('FP32', 'a'), metadataOf('FP32', 'b')],
  outputs: [metadataOf('FP32', 'sum'), metadataOf('FP32', 'product')],
  signatures: {
    add: { method: 'predict', inputs: { left: 'a', right: 'b' }, outputs: { total: 'sum' } },
  },
})

function of(dtype: DataType): SignatureSource {
  return tensorModel({ inputs: [metadataOf(dtype)] })
}

function decode(text: string, metadata: SignatureSource = ONE) {
  return predictRequestFrom(objectFrom(text), metadata, text)
}

describe('a prediction in JSON', () => {
  const READ = [
    {
      it: 'bare rows of the only input',
      body: '{"instances":[[1,2],[3,4]]}',
      shapes: { x: [2, 2] },
      data: [[1, 2, 3, 4]],
    },
    {
      it: 'named rows of the only input',
      body: '{"instances":[{"x":[1,2]}]}',
      shapes: { x: [1, 2] },
      data: [[1, 2]],
    },
    { it: 'scalars as rows', body: '{"instances":[1,2,3]}', shapes: { x: [3] }, data: [[1, 2, 3]] },
    { it: 'a bare column', body: '{"inputs":[[1,2],[3,4]]}', shapes: { x: [2, 2] }, data: [[1, 2, 3, 4]] },
    { it: 'a named column', body: '{"inputs":{"x":[1,2]}}', shapes: { x: [2] }, data: [[1, 2]] },
    { it: 'a bare scalar', body: '{"inputs":5}', shapes: { x: [] }, data: [[5]] },
    { it: 'no rows at all, by columns', body: '{"inputs":[]}', shapes: { x: [0] }, data: [[]] },
    { it: 'rows of size 0', body: '{"inputs":[[],[]]}', shapes: { x: [2, 0] }, data: [[]] },
    {
      it: 'the default signature by its name',
      body: '{"signature_name":"serving_default","inputs":1}',
      shapes: { x: [] },
      data: [[1]],
    },
    {
      it: 'keys that it does not know',
      body: '{"inputs":1,"priority":[{}]}',
      shapes: { x: [] },
      data: [[1]],
    },
    {
      it: 'rows of several inputs',
      metadata: TWO,
      body: '{"instances":[{"a":1,"b":2},{"b":4,"a":3}]}',
      shapes: { a: [2], b: [2] },
      data: [
        [1, 3],
        [2, 4],
      ],
    },
    {
      it: 'columns of different sizes, beside others',
      metadata: TWO,
      body: '{"inputs":{"a":[1],"b":[2,3],"c":true}}',
      shapes: { a: [1], b: [2] },
      data: [[1], [2, 3]],
    },
    {
      it: 'the aliases of a declared signature',
      metadata: SIGNATURES,
      body: '{"signature_name":"add","inputs":{"left":[1],"right":[2]}}',
      shapes: { a: [1], b: [1] },
      data: [[1], [2]],
    },
    {
      it: 'tokens that are no JSON',
      body: '{"inputs":[NaN,Infinity,-Infinity]}',
      shapes: { x: [3] },
      data: [[NaN, Infinity, -Infinity]],
    },
    {
      it: 'all digits of an integer',
      metadata: of('INT64'),
      body: '{"inputs":[9223372036854775807]}',
      shapes: { x: [1] },
      data: [[2n ** 63n - 1n]],
    },
    {
      it: 'halves as numbers',
      metadata: of('FP16'),
      body: '{"inputs":[1.0]}',
      shapes: { x: [1] },
      data: [[0x3c00]],
    },
    {
      it: 'a text',
      metadata: of('BYTES'),
      body: '{"instances":["è",""]}',
      shapes: { x: [2] },
      data: [['è', '']],
    },
    {
      it: 'Base64 as a row',
      metadata: of('BYTES'),
      body: '{"instances":[{"b64":"aGk="},"b64"]}',
      shapes: { x: [2] },
      data: [['hi', 'b64']],
    },
    {
      it: 'Base64 within a list',
      metadata: of('BYTES'),
      body: '{"inputs":[["a",{"b64":"AGE="}]]}',
      shapes: { x: [1, 2] },
      data: [['a', '\0a']],
    },
    {
      it: 'Base64 as a column',
      metadata: of('BYTES'),
      body: '{"inputs":{"b64":"aGk="}}',
      shapes: { x: [] },
      data: [['hi']],
    },
    {
      it: 'a fraction in a text',
      metadata: of('BYTES'),
      body: '{"instances":["1.0e"]}',
      shapes: { x: [1] },
      data: [['1.0e']],
    },
    {
      it: 'fractions where another input takes floats',
      metadata: TWO,
      body: '{"inputs":{"a":[1.0],"b":[2]}}',
      shapes: { a: [1], b: [1] },
      data: [[1], [2]],
    },
  ]
  for (const { it: what, body, metadata = ONE, shapes, data } of READ) {
    it(`may have ${what}`, () => {
      const { tensors } = decode(body, metadata).payload
      assert.deepEqual(Object.fromEntries(tensors.map(({ name, shape }) => [name, shape])), shapes)
      assert.deepEqual(
        tensors.map((tensor) => Array.from<unknown>(tensor.data)),
        data,
      )
    })
  }

  const REFUSED = [
    { body: '[]', message: /the request body is \[\], expected a JSON object/ },
    { body: '{"instances":[1', message: /the request body is not valid JSON/ },
    { body: '{"inputs":1} {', message: /the request body is not valid JSON/ },
    { body: '{}', message: /^Missing 'inputs' or 'instances' key/ },
    { body: '{"inputs":1,"instances":[1]}', message: /has both 'instances' \(rows\) and 'inputs'/ },
    { body: '{"signature_name":5,"inputs":1}', message: /^\/signature_name is 5, expected a string/ },
    { body: '{"instances":{}}', message: /^\/instances is an object, expected a list/ },
    { body: '{"instances":[]}', message: /^\/instances is empty/ },
    {
      body: '{"instances":[[1,2],[3]]}',
      message: /^\/instances\/1 has 1 elements, but \/instances\/0 has 2: unexpected size/,
    },
    {
      body: '{"instances":[[1,2],3]}',
      message: /^\/instances\/1 is 3, expected a list as \/instances\/0 is/,
    },
    { body: '{"instances":[1,[2]]}', message: /has \[2\] at \/instances\/1, FP32 expects a number/ },
    { body: '{"instances":[[1,null]]}', message: /input 'x' has null at \/instances\/0\/1, FP32 expects/ },
    { body: '{"instances":[{"x":1},2]}', message: /^\/instances\/1 is 2, expected an object with: x/ },
    { body: '{"instances":[{"X":1}]}', message: /^\/instances\/0 lacks the input 'x', expected: x/ },
    {
      body: '{"instances":[{"x":1,"y/z":1}]}',
      message: /unknown input 'y\/z' at \/instances\/0\/y~1z, the signature has: x/,
    },
    { body: '{"inputs":{"xx":1,"x":true}}', message: /input 'x' has true at \/inputs\/x/ },
    {
      body: '{"inputs":{"xs":1}}',
      message: /unknown input 'xs' at \/inputs\/xs, the signature has: x$/,
    },
    {
      body: '{"signature_name":"add","inputs":{"left":1,"rihgt":2}}',
      metadata: SIGNATURES,
      message:
        /unknown input 'rihgt' at \/inputs\/rihgt, the signature has: left, right; did you mean 'right'\?/,
    },
    { body: '{"inputs":{}}', message: /^\/inputs lacks the input 'x'/ },
    { body: '{"inputs":null}', message: /input 'x' has null at \/inputs,/ },
    {
      body: `{"inputs":${'['.repeat(40)}${']'.repeat(40)}}`,
      message: /^\/inputs is nested deeper than 32 lists/,
    },
    { body: '{"inputs":1}', metadata: TWO, message: /^\/inputs is 1, expected an object with: a, b/ },
    {
      body: '{"instances":[1]}',
      metadata: TWO,
      message: /^\/instances\/0 is 1, expected an object with: a, b/,
    },
    {
      body: '{"inputs":[300]}',
      metadata: of('INT8'),
      message: /has 300 at \/inputs\/0, INT8 expects an integer from -128/,
    },
    { body: '{"inputs":[1.5]}', metadata: of('INT32'), message: /has 1.5 at \/inputs\/0, INT32/ },
    {
      body: '{"instances":[1, 1.0]}',
      metadata: of('INT32'),
      message: /^"1.0" at \/instances\/1 is no integer/,
    },
    {
      body: '{"inputs":{"x":[[1,2],[1e2,4]]}}',
      metadata: of('INT64'),
      message: /^"1e2" at \/inputs\/x\/1\/0 is no integer/,
    },
    {
      body: '{"instances":[{"a":1.5,"b":1.0}]}',
      metadata: TWO,
      message: /^"1.0" at \/instances\/0\/b is no integer/,
    },
    {
      body: '{"inputs":[9223372036854775808]}',
      metadata: of('INT64'),
      message: /has 9223372036854775808 at \/inputs\/0/,
    },
    {
      body: '{"inputs":[1]}',
      metadata: of('BYTES'),
      message: /has 1 at \/inputs\/0, BYTES expects a string or \{"b64"/,
    },
    { body: '{"inputs":{"b64":"%"}}', metadata: of('BYTES'), message: /^\/inputs\/b64 is not Base64/ },
    {
      body: '{"inputs":[{"b64":"/w=="}]}',
      metadata: of('BYTES'),
      message: /^\/inputs\/0\/b64 does not encode UTF-8 text/,
    },
  ]
  for (const { body, metadata = ONE, message } of REFUSED) {
    it(`is refused for ${body.slice(0, 60)}: ${message.source}`, () => {
      assert.throws(() => decode(body, metadata), { code: 'invalid_argument', message })
    })
  }

  it('names the signatures that there are', () => {
    assert.throws(() => decode('{"signature_name":"sub","inputs":1}', SIGNATURES), {
      code: 'failed_precondition',
      message:
        /^Serving signature name: "sub" not found in signature def; the model has: add, serving_default/,
    })
  })

  it('wants the outputs of its signature only', () => {
    const { payload } = decode('{"signature_name":"add","inputs":{"left":[1],"right":[2]}}', SIGNATURES)
    assert.deepEqual(payload.outputs, ['sum'])
    assert.equal(decode('{"inputs":1}').payload.outputs, undefined)
  })
})
