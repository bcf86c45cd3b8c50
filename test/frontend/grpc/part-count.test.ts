import assert from 'node:assert/strict'
import fc from 'fast-check'
import { encode, PART_COUNTER } from '../../../frontend/grpc/proto/definitions.ts'

const REQUEST = 'inference.ModelInferRequest'

function parts(bytes: Uint8Array, type = REQUEST): number | undefined {
  return PART_COUNTER.count(type, bytes, 1000)
}

describe('PartCounter', () => {
  it('knows what a method takes', () => {
    assert.equal(PART_COUNTER.requestType('inference.GRPCInferenceService', 'ModelInfer'), REQUEST)
    const ping = PART_COUNTER.requestType('org.pytorch.serve.grpc.inference.InferenceAPIsService', 'Ping')
    assert.equal(ping, 'google.protobuf.Empty')
  })

  const COUNTED = [
    { it: 'nothing', message: {}, parts: 0 },
    { it: 'a text', message: { model_name: 'm' }, parts: 1 },
    { it: 'messages and the fields in them', message: { inputs: [{ name: 'x' }, { name: 'y' }] }, parts: 4 },
    { it: 'the elements of a packed run', message: { inputs: [{ shape: [1, 300, 3] }] }, parts: 5 },
    {
      it: 'the entries of a map',
      message: { parameters: [{ key: 'a', value: { double_param: 1 } }] },
      parts: 4,
    },
    { it: 'tensors as one each', message: { raw_input_contents: [Buffer.alloc(9000)] }, parts: 1 },
    {
      it: 'contents that the service decodes itself as one',
      message: { inputs: [{ contents: { int_contents: [1, 2] } }] },
      parts: 2,
    },
  ]
  for (const c of COUNTED) {
    it(`counts ${c.it}`, () => {
      assert.equal(parts(encode(REQUEST, c.message)), c.parts)
    })
  }

  const NO_MESSAGES = [
    { it: 'a text that is longer than the message', bytes: [0x0a, 5, 0x61] },
    { it: 'a cut tag', bytes: [0x80] },
    { it: 'a tag beyond 32 bits', bytes: [0x92, 0x80, 0x80, 0x80, 0x10, 0] },
    { it: 'a group', bytes: [0x0b, 0x0c] },
    { it: 'a message written as a number', bytes: [0x28, 2, 0x1a, 0] },
    { it: 'a number in a message that is cut', bytes: [0x2a, 2, 0x18, 0x80] },
  ]
  for (const { it: what, bytes } of NO_MESSAGES) {
    it(`refuses ${what}`, () => {
      assert.equal(parts(Uint8Array.from(bytes)), undefined)
    })
  }

  it('stops soon behind the limit', () => {
    const flood = Buffer.alloc(1_000_000).map((_, index) => (index % 2 === 0 ? 0x2a : 0))
    assert.equal(PART_COUNTER.count(REQUEST, flood, 1000), 1001)
  })

  it('takes all that protobuf has written', () => {
    const inputs = fc.array(
      fc.record({ name: fc.string(), shape: fc.array(fc.nat()), datatype: fc.string() }),
    )
    fc.assert(
      fc.property(inputs, fc.string(), (given, id) => {
        assert.notEqual(parts(encode(REQUEST, { id, inputs: given })), undefined)
      }),
    )
  })
})
