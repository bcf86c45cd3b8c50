import assert from 'node:assert/strict'
import type { MessageTypeDefinition } from '@grpc/proto-loader'
import fc from 'fast-check'
import { encode, published } from '../../../../frontend/grpc/proto/definitions.ts'
import { tensorFromProto } from '../../../../frontend/protocols/tfserving/tensor-proto.ts'
import { tensorToProto } from '../../../../frontend/protocols/tfserving/tensor-proto-writer.ts'
import { ServingError } from '../../../../worker/contract/errors.ts'
import type { Tensor } from '../../../../worker/contract/tensor.ts'
import { bytesField, integerField, messageField } from '../../../support/protobuf-writer.ts'
import { TENSOR_OF_EVERY_TYPE } from '../../../support/tensors.ts'

const PROTO = 'tensorflow.TensorProto'
const SOURCE = { name: 'x', at: 'inputs/x', maxBytes: 1000 }

type Shape = { readonly dim: readonly { readonly size: number }[]; readonly unknown_rank?: boolean }

function shapeOf(...sizes: readonly number[]): Shape {
  return { dim: sizes.map((size) => ({ size })) }
}

/** As protobuf.js, which shares no code with the reader, writes it. */
function proto(dtype: string, shape: Shape, elements: object): Uint8Array {
  return encode(PROTO, { dtype, tensor_shape: shape, ...elements })
}

function read(bytes: Uint8Array): Tensor {
  return tensorFromProto(SOURCE, bytes).tensor
}

/** As protobuf.js reads it. */
function parsed(bytes: Uint8Array): Record<string, unknown> {
  const definition = published()[PROTO] as MessageTypeDefinition<object, Record<string, unknown>> // a message
  return definition.deserialize(Buffer.from(bytes))
}

describe('a tensor of TensorFlow', () => {
  for (const tensor of TENSOR_OF_EVERY_TYPE) {
    for (const isRaw of [false, true]) {
      it(`of ${tensor.dtype} comes back as it went, ${isRaw ? 'raw' : 'as a list'}`, () => {
        const decoded = tensorFromProto(SOURCE, tensorToProto(tensor, isRaw))
        assert.deepEqual(decoded.tensor, tensor)
        assert.equal(decoded.isRaw, isRaw && tensor.dtype !== 'BYTES')
      })
    }
  }

  const WRITTEN = [
    { dtype: 'FP32', field: 'float_val', data: Float32Array.of(1.5, -2), wire: [1.5, -2] },
    { dtype: 'INT8', field: 'int_val', data: Int8Array.of(-1, 127), wire: [-1, 127] },
    { dtype: 'UINT16', field: 'int_val', data: Uint16Array.of(0, 65535), wire: [0, 65535] },
    { dtype: 'FP16', field: 'half_val', data: Uint16Array.of(0x3c00, 0xfc00), wire: [0x3c00, 0xfc00] },
    {
      dtype: 'INT64',
      field: 'int64_val',
      data: BigInt64Array.of(-1n, 2n ** 62n),
      wire: ['-1', String(2n ** 62n)],
    },
    {
      dtype: 'UINT64',
      field: 'uint64_val',
      data: BigUint64Array.of(0n, 2n ** 64n - 1n),
      wire: ['0', String(2n ** 64n - 1n)],
    },
    { dtype: 'UINT32', field: 'uint32_val', data: Uint32Array.of(0, 2 ** 32 - 1), wire: [0, 2 ** 32 - 1] },
    { dtype: 'BOOL', field: 'bool_val', data: Uint8Array.of(1, 0), wire: [true, false] },
    { dtype: 'BYTES', field: 'string_val', data: ['a', ''], wire: [Buffer.from('a'), Buffer.alloc(0)] },
  ]
  for (const { dtype, field, data, wire } of WRITTEN) {
    it(`of ${dtype} is answered in ${field}`, () => {
      const message = parsed(tensorToProto({ name: 'x', dtype, shape: [2], data } as Tensor, false)) // of one type
      assert.deepEqual(message[field], wire)
      assert.deepEqual(message['tensor_shape'], { dim: [{ size: '2', name: '' }], unknown_rank: false })
    })
  }

  const READ = [
    { it: 'a scalar', bytes: proto('DT_FLOAT', shapeOf(), { float_val: [2] }), shape: [], data: [2] },
    {
      it: 'no shape at all, a scalar',
      bytes: encode(PROTO, { dtype: 'DT_INT32', int_val: [7] }),
      shape: [],
      data: [7],
    },
    {
      it: 'fewer elements, the last one repeated',
      bytes: proto('DT_FLOAT', shapeOf(2, 2), { float_val: [1, 2] }),
      shape: [2, 2],
      data: [1, 2, 2, 2],
    },
    {
      it: 'fewer long ones',
      bytes: proto('DT_INT64', shapeOf(3), { int64_val: [-5] }),
      shape: [3],
      data: [-5n, -5n, -5n],
    },
    {
      it: 'fewer texts',
      bytes: proto('DT_STRING', shapeOf(2), { string_val: [Buffer.from('è')] }),
      shape: [2],
      data: ['è', 'è'],
    },
    {
      it: 'no elements, which are zeros',
      bytes: proto('DT_INT16', shapeOf(2), {}),
      shape: [2],
      data: [0, 0],
    },
    { it: 'no texts, which are empty', bytes: proto('DT_STRING', shapeOf(1), {}), shape: [1], data: [''] },
    { it: 'none', bytes: proto('DT_FLOAT', shapeOf(0, 3), {}), shape: [0, 3], data: [] },
    {
      it: 'BF16 in a list',
      bytes: proto('DT_BFLOAT16', shapeOf(2), { half_val: [0x3f80, 0x4000] }),
      shape: [2],
      data: [1, 2],
    },
    {
      it: 'BF16 raw',
      bytes: proto('DT_BFLOAT16', shapeOf(1), { tensor_content: Buffer.of(0x80, 0x3f) }),
      shape: [1],
      data: [1],
    },
    {
      it: 'raw elements that win over a list',
      bytes: proto('DT_INT8', shapeOf(1), { tensor_content: Buffer.of(5), int_val: [6] }),
      shape: [1],
      data: [5],
    },
    {
      it: 'raw texts',
      bytes: proto('DT_STRING', shapeOf(2), { tensor_content: Buffer.from('\x01\x02abc') }),
      shape: [2],
      data: ['a', 'bc'],
    },
    {
      it: 'elements one by one',
      bytes: Buffer.concat([
        integerField(1, 3),
        messageField(2, messageField(2, integerField(1, 2))),
        integerField(7, 1),
        integerField(7, -2n),
      ]),
      shape: [2],
      data: [1, -2],
    },
  ]
  for (const { it: what, bytes, shape, data } of READ) {
    it(`may have ${what}`, () => {
      const tensor = read(bytes)
      assert.deepEqual(tensor.shape, shape)
      assert.deepEqual(Array.from<unknown>(tensor.data), data)
    })
  }

  const REFUSED = [
    { bytes: Buffer.of(0xff), message: /^inputs\/x is not a TensorProto of protobuf/ },
    { bytes: proto('DT_COMPLEX64', shapeOf(1), {}), message: /has the data type 8 at inputs\/x\/dtype/ },
    {
      bytes: proto('DT_FLOAT', { dim: [], unknown_rank: true }, {}),
      message: /has no rank at inputs\/x\/tensor_shape/,
    },
    { bytes: proto('DT_FLOAT', shapeOf(-1), {}), message: /inputs\/x\/tensor_shape\/dim\/0 is -1, expected/ },
    {
      bytes: proto('DT_FLOAT', shapeOf(...Array<number>(40).fill(1)), {}),
      message: /has 40 dimensions, at most 32/,
    },
    {
      bytes: proto('DT_FLOAT', shapeOf(1), { float_val: [1, 2] }),
      message: /has 2 elements at inputs\/x\/float_val, its shape \[1\] needs 1/,
    },
    {
      bytes: proto('DT_FLOAT', shapeOf(1), { int_val: [1] }),
      message: /has inputs\/x\/int_val, DT_FLOAT belongs in float_val/,
    },
    {
      bytes: proto('DT_STRING', shapeOf(50), { string_val: [Buffer.from('a'), Buffer.alloc(100)] }),
      message: /would need 5400 bytes, at most 1000 are possible/,
    },
    {
      bytes: proto('DT_FLOAT', shapeOf(1000), { float_val: [1] }),
      message: /would need 4000 bytes, at most 1000 are possible/,
    },
    { bytes: proto('DT_FLOAT', shapeOf(2 ** 31, 2 ** 31), {}), message: /more bytes than can be counted/ },
    {
      bytes: proto('DT_INT8', shapeOf(2), { int_val: [1, 300] }),
      message: /has 300 at inputs\/x\/int_val\/1, INT8 expects an integer/,
    },
    {
      bytes: proto('DT_STRING', shapeOf(1), { string_val: [Buffer.of(0xff)] }),
      message: /no UTF-8 text at inputs\/x\/string_val\/0/,
    },
    {
      bytes: proto('DT_FLOAT', shapeOf(1), { tensor_content: Buffer.of(1) }),
      message: /has 1 bytes at inputs\/x\/tensor_content/,
    },
    {
      bytes: proto('DT_STRING', shapeOf(2), { tensor_content: Buffer.from('\x01a') }),
      message: /inputs\/x\/tensor_content of input 'x' does not hold 2/,
    },
    {
      bytes: Buffer.concat([integerField(1, 1), bytesField(5, Buffer.of(1, 2))]),
      message: /inputs\/x\/float_val is cut/,
    },
  ]
  for (const { bytes, message } of REFUSED) {
    it(`is refused: ${message.source}`, () => {
      assert.throws(() => read(bytes), { code: 'invalid_argument', message })
    })
  }

  it('is a tensor or refused, whatever its bytes', () => {
    const valid = TENSOR_OF_EVERY_TYPE.flatMap((tensor) => [
      tensorToProto(tensor, false),
      tensorToProto(tensor, true),
    ])
    const damaged = fc.tuple(fc.constantFrom(...valid), fc.nat(), fc.nat(255)).map(([bytes, at, byte]) => {
      const copy = Uint8Array.from(bytes)
      copy[at % copy.length] = byte
      return copy
    })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), damaged), (bytes) => {
        try {
          const { shape, data } = read(bytes)
          assert.equal(
            shape.reduce((product, size) => product * size, 1),
            data.length,
          )
        } catch (error) {
          assert.ok(error instanceof ServingError && error.code === 'invalid_argument', String(error))
        }
      }),
      { numRuns: 2000 },
    )
  })
})
