import assert from 'node:assert/strict'
import fc from 'fast-check'
import { DATA_TYPES, type DataType, type WireDataType } from '../../../worker/contract/data-type.ts'
import { parseExactJson } from '../../../worker/contract/exact-json.ts'
import { tensorFromBytes } from '../../../worker/contract/tensor-from-bytes.ts'
import { tensorFromData } from '../../../worker/contract/tensor-from-data.ts'
import { tensorToBytes } from '../../../worker/contract/tensor-to-bytes.ts'
import { tensorToJson, type TensorJsonOptions } from '../../../worker/contract/tensor-to-json.ts'
import { elementCount, type Tensor } from '../../../worker/contract/tensor.ts'
import type { WireTensor } from '../../../worker/contract/wire-tensor.ts'
import { TENSOR_OF_EVERY_TYPE } from '../../support/tensors.ts'
import { anyTensor } from '../../support/any-tensor.ts'

const wire = (datatype: WireDataType, shape: readonly number[]): WireTensor => ({
  name: 'x',
  datatype,
  shape,
  at: '/inputs/0/data',
})
const declared = ({ dtype, shape }: Tensor) => wire(dtype, shape)

const canonical = (value: number) => (Number.isNaN(value) ? NaN : value)

/** Not-a-number has many bit patterns, of which JSON keeps none. */
const withoutPayload = (tensor: Tensor): Tensor => {
  switch (tensor.dtype) {
    case 'FP16':
      return { ...tensor, data: tensor.data.map((bits) => ((bits & 0x7fff) > 0x7c00 ? 0x7e00 : bits)) }
    case 'FP32':
      return { ...tensor, data: tensor.data.map(canonical) }
    case 'FP64':
      return { ...tensor, data: tensor.data.map(canonical) }
    default:
      return tensor
  }
}

describe('tensor codecs', () => {
  const JSON_STYLES: { it: string; options: TensorJsonOptions }[] = [
    { it: 'nested', options: {} },
    {
      it: 'flat, integers as digits, tokens',
      options: { flat: true, bigIntegers: 'digits', nonFinite: 'token' },
    },
    { it: 'with the fewest digits', options: { flat: true, floats: 'short', nonFinite: 'token' } },
  ]
  for (const { it: style, options } of JSON_STYLES) {
    it(`reads from JSON what was written ${style}`, () => {
      fc.assert(
        fc.property(anyTensor({ minRank: 1 }), (tensor) => {
          const data = parseExactJson(tensorToJson(tensor, options), 'the data')
          assert.deepEqual(tensorFromData(declared(tensor), data), withoutPayload(tensor))
        }),
      )
    })
  }

  it('reads from flat JSON the scalars too', () => {
    fc.assert(
      fc.property(anyTensor({ maxRank: 0 }), (tensor) => {
        const data = parseExactJson(tensorToJson(tensor, { flat: true }), 'the data')
        assert.deepEqual(tensorFromData(declared(tensor), data), withoutPayload(tensor))
      }),
    )
  })

  it('reads from bytes what was written, aligned or not', () => {
    fc.assert(
      fc.property(anyTensor({}), fc.nat({ max: 9 }), (tensor, offset) => {
        const bytes = tensorToBytes(tensor)
        const shifted = new Uint8Array(offset + bytes.byteLength)
        shifted.set(bytes, offset)
        assert.deepEqual(tensorFromBytes(declared(tensor), shifted.subarray(offset)), tensor)
      }),
    )
  })

  for (const tensor of TENSOR_OF_EVERY_TYPE) {
    it(`carries the edges of ${tensor.dtype} as bytes`, () => {
      assert.deepEqual(tensorFromBytes(declared(tensor), tensorToBytes(tensor)), tensor)
    })
  }

  it('copies no aligned block', () => {
    const bytes = new Uint8Array(16)
    const { data } = tensorFromBytes(wire('FP32', [2]), bytes.subarray(8))
    assert.equal((data as Float32Array).buffer, bytes.buffer)
  })

  it('makes a tensor of any JSON, or refuses it', () => {
    const anyCase = fc.tuple(
      fc.constantFrom<WireDataType>(...DATA_TYPES, 'BF16'),
      fc.array(fc.nat({ max: 3 }), { maxLength: 3 }),
      fc.jsonValue(),
    )
    fc.assert(
      fc.property(anyCase, ([datatype, shape, data]) => {
        assertTensorOrRefusal(shape, () => tensorFromData(wire(datatype, shape), data))
      }),
      { numRuns: 500 },
    )
  })

  it('makes a tensor of any bytes, or refuses them', () => {
    const anyCase = fc.tuple(
      fc.constantFrom<WireDataType>(...DATA_TYPES, 'BF16'),
      fc.array(fc.nat({ max: 4 }), { maxLength: 3 }),
      fc.uint8Array({ maxLength: 64 }),
    )
    fc.assert(
      fc.property(anyCase, ([datatype, shape, bytes]) => {
        assertTensorOrRefusal(shape, () => tensorFromBytes(wire(datatype, shape), bytes))
      }),
      { numRuns: 1000 },
    )
  })
})

describe('tensorToJson', () => {
  const FLOATS: { dtype: DataType; data: Tensor['data']; options: TensorJsonOptions; text: string }[] = [
    { dtype: 'FP32', data: Float32Array.of(0.1, 3, -0), options: {}, text: '[0.10000000149011612,3,-0]' },
    {
      dtype: 'FP32',
      data: Float32Array.of(0.1, 3, -0, 1e21),
      options: { floats: 'short' },
      text: '[0.1,3.0,-0.0,1e+21]',
    },
    { dtype: 'FP64', data: Float64Array.of(0.1, 3), options: { floats: 'short' }, text: '[0.1,3.0]' },
    { dtype: 'FP32', data: Float32Array.of(NaN, -Infinity), options: {}, text: '["NaN","-Infinity"]' },
    {
      dtype: 'FP32',
      data: Float32Array.of(NaN, -Infinity),
      options: { nonFinite: 'null' },
      text: '[null,null]',
    },
    {
      dtype: 'FP64',
      data: Float64Array.of(NaN, -Infinity),
      options: { nonFinite: 'token' },
      text: '[NaN,-Infinity]',
    },
    { dtype: 'INT64', data: BigInt64Array.of(2n ** 60n, 1n), options: {}, text: '["1152921504606846976",1]' },
    {
      dtype: 'INT64',
      data: BigInt64Array.of(2n ** 60n),
      options: { bigIntegers: 'digits' },
      text: '[1152921504606846976]',
    },
  ]
  for (const { dtype, data, options, text } of FLOATS) {
    it(`writes ${dtype} with ${JSON.stringify(options)} as ${text}`, () => {
      const tensor = { name: 'x', dtype, shape: [data.length], data } as Tensor
      assert.equal(tensorToJson(tensor, options), text)
    })
  }
})

function assertTensorOrRefusal(shape: readonly number[], decode: () => Tensor): void {
  try {
    assert.equal(decode().data.length, elementCount(shape))
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'invalid_argument', String(error))
  }
}
