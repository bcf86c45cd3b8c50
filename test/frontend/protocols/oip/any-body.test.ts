import assert from 'node:assert/strict'
import fc from 'fast-check'
import { answerFrom } from '../../../../frontend/protocols/oip/answer-codec.ts'
import { BodyBlocks } from '../../../../frontend/protocols/oip/body-blocks.ts'
import { requestFromBody } from '../../../../frontend/protocols/oip/codec.ts'
import type { InferRequest } from '../../../../frontend/protocols/oip/infer-request.ts'
import { requestFromRawBody } from '../../../../frontend/protocols/oip/raw-request.ts'
import { DATA_TYPES } from '../../../../worker/contract/data-type.ts'
import { elementCount, type Tensor, type TensorMetadata } from '../../../../worker/contract/tensor.ts'
import { anyTensor } from '../../../support/any-tensor.ts'
import { bytesResponse } from '../../../support/fake-planes.ts'

/** What a client may be told of its own mistakes. */
const REFUSALS = ['invalid_argument', 'unimplemented']

function outcomeOf(read: () => InferRequest): InferRequest | string {
  try {
    return read()
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}

function assertRequestOrRefusal(outcome: InferRequest | string): void {
  if (typeof outcome === 'string') assert.ok(REFUSALS.includes(outcome), outcome)
  else for (const { data, shape } of outcome.tensors) assert.equal(data.length, elementCount(shape))
}

const METADATA: readonly TensorMetadata[] = [{ name: 'x', dtype: 'FP32', shape: ['batch', 2] }]

/** Members of the protocol, with values that somebody may put there. */
const anyMember = fc.oneof(
  fc.constantFrom<unknown>('x', 'FP32', 'BYTES', [1, 2], [2 ** 53, 2], [-1], [0, 2], 8, -8, 1e99, null, true),
  fc.jsonValue({ maxDepth: 2 }),
)
const optional = (arbitrary: fc.Arbitrary<unknown>) => fc.option(arbitrary, { nil: undefined, freq: 3 })
const usually = (value: unknown) => fc.oneof({ weight: 4, arbitrary: fc.constant(value) }, anyMember)
const anyParameters = fc.dictionary(
  fc.constantFrom(
    'binary_data_size',
    'binary_data',
    'shared_memory_region',
    'binary_data_output',
    'non_finite',
    '__proto__',
    'x',
  ),
  anyMember,
)
const anyInput = fc.record({
  name: usually('x'),
  datatype: usually('FP32'),
  shape: usually([1, 2]),
  data: optional(usually([0.5, 1])),
  parameters: optional(fc.oneof(anyParameters, anyMember)),
})
const anyRequest = fc.record({
  id: optional(usually('a1')),
  inputs: fc.oneof(fc.array(anyInput, { maxLength: 2 }), anyMember),
  outputs: optional(
    fc.oneof(fc.array(fc.record({ name: usually('y'), parameters: optional(anyParameters) })), anyMember),
  ),
  parameters: optional(fc.oneof(anyParameters, anyMember)),
})

describe('OIP bodies', () => {
  it('are requests, or refused, whatever their members are', () => {
    fc.assert(
      fc.property(anyRequest, fc.uint8Array({ maxLength: 24 }), (request, tail) => {
        const json = Buffer.from(JSON.stringify(request))
        const body = Buffer.concat([json, tail])
        assertRequestOrRefusal(
          outcomeOf(() => requestFromBody(new BodyBlocks(body, json.byteLength), METADATA)),
        )
      }),
      { numRuns: 1500 },
    )
  })

  it('are requests, or refused, whatever their bytes are', () => {
    const anyBytes = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.json().map((text) => Buffer.from(text)),
    )
    fc.assert(
      fc.property(anyBytes, fc.option(fc.nat({ max: 70 }), { nil: undefined }), (body, length) => {
        assertRequestOrRefusal(outcomeOf(() => requestFromBody(new BodyBlocks(body, length), METADATA)))
      }),
      { numRuns: 1500 },
    )
  })

  it('are requests, or refused, without JSON', () => {
    const anyShape = fc.array(fc.oneof(fc.constantFrom<number | string>(-1, 'n'), fc.nat({ max: 3 })), {
      maxLength: 4,
    })
    const anyInputs = fc.array(
      fc.record({ name: fc.constant('x'), dtype: fc.constantFrom(...DATA_TYPES), shape: anyShape }),
      { maxLength: 2 },
    )
    fc.assert(
      fc.property(anyInputs, fc.uint8Array({ maxLength: 64 }), (inputs, body) => {
        assertRequestOrRefusal(outcomeOf(() => requestFromRawBody(body, inputs)))
      }),
      { numRuns: 1500 },
    )
  })

  it('carry any tensors there and back, in JSON or as bytes', () => {
    const named = fc
      .array(anyTensor({ maxRank: 3 }), { maxLength: 3 })
      .map((tensors) => tensors.map((tensor, index): Tensor => ({ ...tensor, name: `t${index}` })))
    fc.assert(
      fc.property(named, fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }), (tensors, binary) => {
        const outputs = tensors.map(({ name }, index) => ({
          name,
          parameters: {},
          isBinary: binary[index] === true,
        }))
        const { body, headers } = answerFrom(bytesResponse('', { payload: { kind: 'tensors', tensors } }), {
          style: { outputs, isBinaryByDefault: false, nonFinite: 'string' },
          classify: (each) => each,
        })
        const pieces = [body].flat().map((piece) => Buffer.from(piece))
        const bytes = Buffer.concat(pieces)
        const length = Number(headers['inference-header-content-length'] ?? bytes.byteLength)
        // What was answered is asked.
        const json = bytes.subarray(0, length).toString().replace('"outputs":[', '"inputs":[')
        const asked = Buffer.concat([Buffer.from(json), bytes.subarray(length)])
        const blocks = new BodyBlocks(asked, asked.byteLength - (bytes.byteLength - length))
        const read = requestFromBody(blocks, [])
        assert.deepEqual(read.tensors.map(printed), tensors.map(printed))
      }),
    )
  })
})

/** Numbers as text: not-a-number has many bit patterns, of which JSON keeps none. */
function printed({ name, dtype, shape, data }: Tensor) {
  const isNaN16 = (bits: unknown) => dtype === 'FP16' && ((bits as number) & 0x7fff) > 0x7c00
  return {
    name,
    dtype,
    shape,
    data: Array.from(data as readonly unknown[], (value) =>
      isNaN16(value) ? 'NaN' : Object.is(value, -0) ? '-0' : String(value),
    ),
  }
}
