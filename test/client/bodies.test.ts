import assert from 'node:assert/strict'
import fc from 'fast-check'
import { binaryBody, bytesOfTensor, tensorFromBytes } from '../../client/binary-body.ts'
import { jsonBody, tensorFromJson } from '../../client/json-body.ts'
import type { DataType } from '../../client/schema.ts'
import type { WireTensor } from '../../client/tensor-input.ts'
import { parseExactJson } from '../../worker/contract/exact-json.ts'

const vector = (dtype: DataType, data: WireTensor['data'], count: number): WireTensor => ({
  name: 'x',
  dtype,
  shape: [count],
  data,
})

/** Bytes of any content are data of any type: only some bit patterns of NaN do not survive JSON. */
const numeric = (
  dtype: DataType,
  from: (bytes: Uint8Array<ArrayBuffer>) => WireTensor['data'],
  size: number,
) =>
  fc
    .uint8Array({ minLength: 0, maxLength: 64 })
    .map((bytes) => new Uint8Array(bytes.subarray(0, bytes.length - (bytes.length % size))))
    .map((bytes) => vector(dtype, from(bytes), bytes.byteLength / size))

const TENSORS: Readonly<Record<string, fc.Arbitrary<WireTensor>>> = {
  FP32: fc.float32Array({ maxLength: 16 }).map((data) => vector('FP32', data, data.length)),
  FP64: fc.float64Array({ maxLength: 16 }).map((data) => vector('FP64', data, data.length)),
  FP16: fc
    .array(fc.constantFrom(0, 0x8000, 0x3c00, 0x7bff, 0x7c00, 0xfc00, 0x7e00, 1))
    .map((bits) => vector('FP16', Uint16Array.from(bits), bits.length)),
  BOOL: fc.array(fc.boolean()).map((flags) => vector('BOOL', Uint8Array.from(flags, Number), flags.length)),
  UINT8: numeric('UINT8', (bytes) => bytes, 1),
  INT16: numeric('INT16', (bytes) => new Int16Array(bytes.buffer), 2),
  UINT32: numeric('UINT32', (bytes) => new Uint32Array(bytes.buffer), 4),
  INT64: numeric('INT64', (bytes) => new BigInt64Array(bytes.buffer), 8),
  UINT64: numeric('UINT64', (bytes) => new BigUint64Array(bytes.buffer), 8),
  BYTES: fc.array(fc.string({ unit: 'grapheme' })).map((texts) => vector('BYTES', texts, texts.length)),
}

describe('the bodies of requests and answers', () => {
  for (const [dtype, tensors] of Object.entries(TENSORS)) {
    it(`carry ${dtype} in binary as it is`, () => {
      fc.assert(
        fc.property(tensors, (tensor) => {
          const bytes = new Uint8Array(bytesOfTensor(tensor))
          assert.deepEqual(tensorFromBytes(tensor, bytes).data, tensor.data)
        }),
      )
    })

    it(`carry ${dtype} in JSON as it is`, () => {
      fc.assert(
        fc.property(tensors, (tensor) => {
          const body = parseExactJson(jsonBody({ id: 'a' }, [tensor]), 'the body') as {
            readonly inputs: readonly { readonly data: unknown }[]
          }
          assert.deepEqual(tensorFromJson(tensor, body.inputs[0]?.data).data, tensor.data)
        }),
      )
    })
  }

  it('keep a byte order mark, which is a character of a string', () => {
    const tensor = vector('BYTES', ['\uFEFFa'], 1)
    const bytes = new Uint8Array(bytesOfTensor(tensor))
    assert.deepEqual(tensorFromBytes(tensor, bytes).data, tensor.data)
  })

  it('put the tensors behind the JSON, without gaps', () => {
    const { body, jsonBytes } = binaryBody({ a: 'ä' }, [Uint8Array.of(1, 2), Uint8Array.of(3)])
    assert.equal(Buffer.from(body.subarray(0, jsonBytes)).toString(), '{"a":"ä"}')
    assert.deepEqual([...body.subarray(jsonBytes)], [1, 2, 3])
  })

  const BROKEN = [
    { it: 'bytes that are no whole number', dtype: 'FP32', shape: [1], bytes: [0, 0, 0] },
    { it: 'fewer elements than the shape says', dtype: 'FP32', shape: [2], bytes: [0, 0, 0, 0] },
    { it: 'a cut length of a string', dtype: 'BYTES', shape: [1], bytes: [1, 0, 0] },
    { it: 'a string that is no UTF-8', dtype: 'BYTES', shape: [1], bytes: [1, 0, 0, 0, 0xff] },
    { it: 'a cut string', dtype: 'BYTES', shape: [1], bytes: [2, 0, 0, 0, 65] },
  ] as const
  for (const { it: claim, dtype, shape, bytes } of BROKEN) {
    it(`refuse ${claim}`, () => {
      assert.throws(() => tensorFromBytes({ dtype, shape }, Uint8Array.from(bytes)), { kind: 'protocol' })
    })
  }

  for (const element of ['NaN', 1.5, null]) {
    it(`refuse ${String(element)} as a 64-bit integer`, () => {
      assert.throws(() => tensorFromJson({ dtype: 'INT64', shape: [1] }, [element]), { kind: 'protocol' })
    })
  }
})
