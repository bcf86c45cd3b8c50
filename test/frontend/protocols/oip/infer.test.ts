import assert from 'node:assert/strict'
import type { InferenceResponse } from '../../../../frontend/core/data-plane.ts'
import { ServingError } from '../../../../worker/contract/errors.ts'
import type { TensorsPayload } from '../../../../worker/contract/messages.ts'
import type { Tensor } from '../../../../worker/contract/tensor.ts'
import { bytesResponse } from '../../../support/fake-planes.ts'
import type { HttpAnswer } from '../../../support/http-client.ts'
import { OipFixture } from '../../../support/oip-fixture.ts'
import { TENSOR_OF_EVERY_TYPE } from '../../../support/tensors.ts'

const PATH = '/v2/models/digits/infer'
const X = { name: 'x', datatype: 'FP32', shape: [1, 2], data: [0.5, 1] }
const Y: Tensor = { name: 'y', dtype: 'FP32', shape: [2], data: Float32Array.of(0.5, NaN) }
const Z: Tensor = { name: 'z', dtype: 'INT64', shape: [1], data: BigInt64Array.of(-(2n ** 63n)) }

const answering = (tensors: readonly Tensor[], extra: object = {}): InferenceResponse =>
  bytesResponse('', { payload: { kind: 'tensors', tensors, ...extra } })

/** The JSON of an answer that has bytes behind it, and those bytes. */
function partsOf({ headers, bytes }: HttpAnswer) {
  const length = Number(headers['inference-header-content-length'])
  return { json: JSON.parse(bytes.subarray(0, length).toString()) as unknown, tail: bytes.subarray(length) }
}

describe('OIP infer', () => {
  let oip: OipFixture
  beforeEach(async () => {
    oip = await OipFixture.open()
    oip.dataPlane.outcome = answering([Y, Z])
  })
  afterEach(() => oip.close())

  const payload = () => oip.dataPlane.payloads[0] as TensorsPayload

  it('hands tensors to the model and its outputs back', async () => {
    const answer = await oip.post(PATH, { id: 'a1', inputs: [X] })
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['content-type'], 'application/json')
    assert.equal(
      answer.text,
      '{"id":"a1","model_name":"digits","model_version":"1.0","outputs":[' +
        '{"name":"y","datatype":"FP32","shape":[2],"data":[0.5,"NaN"]},' +
        '{"name":"z","datatype":"INT64","shape":[1],"data":[-9223372036854775808]}]}',
    )
    assert.deepEqual(payload(), {
      kind: 'tensors',
      tensors: [{ name: 'x', dtype: 'FP32', shape: [1, 2], data: Float32Array.of(0.5, 1) }],
    })
  })

  it('leaves the id out when the request has none', async () => {
    assert.doesNotMatch((await oip.post(PATH, { inputs: [X] })).text, /"id"/)
  })

  it('ignores members that it does not know', async () => {
    const { status } = await oip.post(PATH, { inputs: [{ ...X, unknown: [] }], model_name: 'digits' })
    assert.equal(status, 200)
  })

  const TARGETS = [
    { path: '/v2/models/digits/infer', model: { name: 'digits' } },
    { path: '/v2/models/digits/infer?x=1', model: { name: 'digits' } },
    { path: '/v2/models/digits/versions/2.0/infer', model: { name: 'digits', version: '2.0' } },
    { path: '/v2/models/a%20b/infer', model: { name: 'a b' } },
    { path: '/v2/models/a%20b/versions/1%2F2/infer', model: { name: 'a b', version: '1/2' } },
  ]
  for (const { path, model } of TARGETS) {
    it(`asks ${JSON.stringify(model)} for POST ${path}`, async () => {
      assert.equal((await oip.post(path, { inputs: [X] })).status, 200)
      assert.deepEqual(oip.dataPlane.heads[0]?.model, model)
    })
  }

  it('hands on which outputs are wanted, and the parameters', async () => {
    await oip.post(PATH, {
      inputs: [X],
      outputs: [{ name: 'z' }, { name: 'y' }],
      parameters: { beams: 4, greedy: true, priority: 1 },
    })
    assert.deepEqual(payload().outputs, ['z', 'y'])
    assert.deepEqual(payload().parameters, { beams: 4, greedy: true })
  })

  it('answers the parameters of the handler', async () => {
    oip.dataPlane.outcome = answering([Y], { parameters: { tokens: 7 } })
    assert.match((await oip.post(PATH, { inputs: [X] })).text, /"parameters":\{"tokens":7\},"outputs"/)
  })

  for (const tensor of TENSOR_OF_EVERY_TYPE) {
    it(`carries ${tensor.dtype} as bytes both ways`, async () => {
      oip.dataPlane.outcome = answering([tensor])
      const { name, dtype: datatype, shape } = tensor
      const block = blockOf(tensor)
      const body = {
        inputs: [{ name, datatype, shape, parameters: { binary_data_size: block.byteLength } }],
        outputs: [{ name, parameters: { binary_data: true } }],
      }
      const answer = await oip.postBinary(PATH, body, [block])
      assert.equal(answer.status, 200, answer.text)
      assert.deepEqual(payload().tensors, [tensor])
      assert.equal(answer.headers['content-type'], 'application/octet-stream')
      const parameters = { binary_data_size: block.byteLength }
      assert.deepEqual(partsOf(answer), {
        json: {
          model_name: 'digits',
          model_version: '1.0',
          outputs: [{ name, datatype, shape, parameters }],
        },
        tail: Buffer.from(block),
      })
    })
  }

  const STYLES = [
    { it: 'all as bytes by default', body: { parameters: { binary_data_output: true } }, binary: ['y', 'z'] },
    {
      it: 'a named output as it says',
      body: { outputs: [{ name: 'y' }, { name: 'z', parameters: { binary_data: true } }] },
      binary: ['z'],
    },
    {
      it: 'a named output in JSON whatever the default',
      body: {
        parameters: { binary_data_output: true },
        outputs: [{ name: 'y' }, { name: 'z', parameters: { binary_data: true } }],
      },
      binary: ['z'],
    },
  ]
  for (const { it: name, body, binary } of STYLES) {
    it(`answers ${name}`, async () => {
      const { json } = partsOf(await oip.post(PATH, { inputs: [X], ...body }))
      const { outputs } = json as { outputs: { name: string; data?: unknown }[] }
      assert.deepEqual(
        outputs.filter((output) => output.data === undefined).map((output) => output.name),
        binary,
      )
    })
  }

  it('has the header of the length only where bytes follow', async () => {
    const body = {
      inputs: [X],
      parameters: { binary_data_output: true },
      outputs: [{ name: 'y' }, { name: 'z' }],
    }
    const { headers } = await oip.post(PATH, body)
    assert.equal(headers['inference-header-content-length'], undefined)
  })

  const NON_FINITE = [
    { nonFinite: 'string', text: '[0.5,"NaN"]' },
    { nonFinite: 'null', text: '[0.5,null]' },
    { nonFinite: 'token', text: '[0.5,NaN]' },
  ] as const
  for (const { nonFinite, text } of NON_FINITE) {
    it(`writes ${text} when a request asks for ${nonFinite}`, async () => {
      const answer = await oip.post(PATH, { inputs: [X], parameters: { non_finite: nonFinite } })
      assert.ok(answer.text.includes(text), answer.text)
    })
  }

  it('reads the bare tokens of NaN and infinities', async () => {
    await oip.post(PATH, undefined, {
      body: '{"inputs":[{"name":"x","datatype":"FP16","shape":[2],"data":[NaN,-Infinity]}]}',
    })
    assert.deepEqual(payload().tensors[0]?.data, Uint16Array.of(0x7e00, 0xfc00))
  })

  it('takes BF16 for an input of FP32', async () => {
    oip.dataPlane.inputs = [{ name: 'x', dtype: 'FP32', shape: ['batch', 2] }]
    await oip.post(PATH, { inputs: [{ ...X, datatype: 'BF16' }] })
    assert.equal(payload().tensors[0]?.dtype, 'FP32')
  })

  it('classifies where an output asks for it', async () => {
    oip.dataPlane.outcome = answering([
      { name: 'y', dtype: 'FP32', shape: [1, 3], data: Float32Array.of(0.1, 0.7, 0.2) },
    ])
    oip.dataPlane.currentMetadata = {
      ...oip.dataPlane.metadata(),
      outputs: [{ name: 'y', dtype: 'FP32', shape: ['batch', 3] }],
      outputLabels: { y: ['cat', 'dog', 'owl'] },
    }
    const answer = await oip.post(PATH, {
      inputs: [X],
      outputs: [{ name: 'y', parameters: { classification: 2 } }],
    })
    assert.match(
      answer.text,
      /"datatype":"BYTES","shape":\[1,2\],"data":\["0.700000:1:dog","0.200000:2:owl"\]/,
    )
  })

  const RAW: {
    it: string
    inputs: OipFixture['dataPlane']['inputs']
    body: Uint8Array | string
    tensor: object
  }[] = [
    {
      it: 'of fixed shape',
      inputs: [{ name: 'x', dtype: 'INT16', shape: [2, 2] }],
      body: Uint8Array.of(1, 0, 2, 0, 3, 0, 4, 0),
      tensor: { name: 'x', dtype: 'INT16', shape: [2, 2], data: Int16Array.of(1, 2, 3, 4) },
    },
    {
      it: 'whose rows follow from its size',
      inputs: [{ name: 'x', dtype: 'UINT8', shape: ['batch', 2] }],
      body: Uint8Array.of(1, 2, 3, 4, 5, 6),
      tensor: { name: 'x', dtype: 'UINT8', shape: [3, 2], data: Uint8Array.of(1, 2, 3, 4, 5, 6) },
    },
    {
      it: 'that is one row of any length',
      inputs: [{ name: 'x', dtype: 'UINT8', shape: ['batch', 'length'] }],
      body: Uint8Array.of(1, 2, 3),
      tensor: { name: 'x', dtype: 'UINT8', shape: [1, 3], data: Uint8Array.of(1, 2, 3) },
    },
    {
      it: 'that is a string',
      inputs: [{ name: 'x', dtype: 'BYTES', shape: ['batch'] }],
      body: 'é\0',
      tensor: { name: 'x', dtype: 'BYTES', shape: [1], data: ['é\0'] },
    },
  ]
  for (const { it: name, inputs, body, tensor } of RAW) {
    it(`takes an input without JSON ${name}, and answers in bytes`, async () => {
      oip.dataPlane.inputs = inputs
      const headers = { 'inference-header-content-length': '0' }
      const answer = await oip.post(PATH, undefined, { body, headers })
      assert.equal(answer.status, 200, answer.text)
      assert.deepEqual(payload().tensors, [tensor])
      assert.equal(partsOf(answer).tail.byteLength, 16)
    })
  }

  it('answers the bytes of a handler as one string', async () => {
    oip.dataPlane.outcome = bytesResponse('seven', { headers: { 'X-Vintage': '1959' } })
    const answer = await oip.post(PATH, { inputs: [X] })
    assert.match(
      answer.text,
      /"outputs":\[\{"name":"output","datatype":"BYTES","shape":\[1\],"data":\["seven"\]\}\]/,
    )
    assert.equal(answer.headers['x-vintage'], '1959')
  })

  it('answers the error that a handler chose', async () => {
    oip.dataPlane.outcome = bytesResponse('the wine is corked', { status: 418 })
    const answer = await oip.post(PATH, { inputs: [X] })
    assert.equal(answer.status, 418)
    assert.equal(answer.text, '{"error":"the wine is corked"}')
  })

  it('admits a request before it reads its body', async () => {
    oip.dataPlane.admission = new ServingError('resource_exhausted', 'the queue is full', {
      reason: 'queue_full',
      retryAfterMs: 1500,
    })
    const answer = await oip.post(PATH, undefined, { body: 'no JSON' })
    assert.equal(answer.status, 429)
    assert.equal(answer.headers['retry-after'], '2')
    assert.equal(answer.text, '{"error":"the queue is full"}')
  })
})

function blockOf(tensor: Tensor): Uint8Array {
  if (tensor.dtype !== 'BYTES') return new Uint8Array(tensor.data.buffer)
  return Buffer.concat(
    tensor.data.map((text) => {
      const bytes = Buffer.from(text)
      return Buffer.concat([Uint8Array.of(bytes.byteLength, 0, 0, 0), bytes])
    }),
  )
}
