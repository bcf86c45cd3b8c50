import assert from 'node:assert/strict'
import fc from 'fast-check'
import { encode } from '../../../../frontend/grpc/proto/definitions.ts'
import { tensorFromContents } from '../../../../frontend/protocols/oip/proto-contents.ts'
import type { WireDataType } from '../../../../worker/contract/data-type.ts'
import { ServingError } from '../../../../worker/contract/errors.ts'

function contents(fields: object): Buffer {
  return encode('inference.InferTensorContents', fields)
}

function wire(datatype: WireDataType, ...shape: number[]) {
  return { name: 'x', datatype, shape, at: '/inputs/0/contents' }
}

describe('tensorFromContents', () => {
  const LARGE = 2n ** 63n
  const CASES = [
    { dtype: 'BOOL', field: 'bool_contents', values: [true, false], data: Uint8Array.of(1, 0) },
    { dtype: 'INT8', field: 'int_contents', values: [-128, 127], data: Int8Array.of(-128, 127) },
    { dtype: 'INT16', field: 'int_contents', values: [-32768, 32767], data: Int16Array.of(-32768, 32767) },
    {
      dtype: 'INT32',
      field: 'int_contents',
      values: [-(2 ** 31), 2 ** 31 - 1],
      data: Int32Array.of(-(2 ** 31), 2 ** 31 - 1),
    },
    {
      dtype: 'INT64',
      field: 'int64_contents',
      values: [String(-LARGE), String(LARGE - 1n)],
      data: BigInt64Array.of(-LARGE, LARGE - 1n),
    },
    { dtype: 'UINT8', field: 'uint_contents', values: [0, 255], data: Uint8Array.of(0, 255) },
    { dtype: 'UINT16', field: 'uint_contents', values: [0, 65535], data: Uint16Array.of(0, 65535) },
    {
      dtype: 'UINT32',
      field: 'uint_contents',
      values: [0, 2 ** 32 - 1],
      data: Uint32Array.of(0, 2 ** 32 - 1),
    },
    {
      dtype: 'UINT64',
      field: 'uint64_contents',
      values: ['0', String(2n * LARGE - 1n)],
      data: BigUint64Array.of(0n, 2n * LARGE - 1n),
    },
    { dtype: 'FP32', field: 'fp32_contents', values: [NaN, -0.5], data: Float32Array.of(NaN, -0.5) },
    {
      dtype: 'FP64',
      field: 'fp64_contents',
      values: [Infinity, 1e-300],
      data: Float64Array.of(Infinity, 1e-300),
    },
    {
      dtype: 'BYTES',
      field: 'bytes_contents',
      values: [Buffer.from('a\0ü'), Buffer.alloc(0)],
      data: ['a\0ü', ''],
    },
  ] as const
  for (const { dtype, field, values, data } of CASES) {
    it(`reads ${dtype} from ${field}`, () => {
      const tensor = tensorFromContents(wire(dtype, 2), contents({ [field]: values }))
      assert.deepEqual(tensor, { name: 'x', dtype, shape: [2], data })
    })
  }

  it('takes no contents for a tensor without elements', () => {
    assert.deepEqual(tensorFromContents(wire('INT8', 0, 3), Buffer.alloc(0)).data, new Int8Array())
  })

  it('does not copy floats that are aligned', () => {
    const message = contents({ fp32_contents: [1, 2, 3] })
    const aligned = new Uint8Array(16)
    const at = (4 - ((message.byteLength - 12) % 4)) % 4
    aligned.set(message, at)
    const { data } = tensorFromContents(wire('FP32', 3), aligned.subarray(at, at + message.byteLength))
    assert.equal((data as Float32Array).buffer, aligned.buffer)
  })

  /** Elements that are not packed, as clients of proto2 write them, and in several runs. */
  const RUNS = [
    { it: 'single varints', bytes: [0x10, 5, 0x10, 7], dtype: 'INT32', data: Int32Array.of(5, 7) },
    {
      it: 'a packed run and a single varint',
      bytes: [0x12, 1, 5, 0x10, 7],
      dtype: 'INT32',
      data: Int32Array.of(5, 7),
    },
    {
      it: 'an empty run and a full one',
      bytes: [0x12, 0, 0x12, 2, 5, 7],
      dtype: 'INT32',
      data: Int32Array.of(5, 7),
    },
    {
      it: 'single floats',
      bytes: [0x35, 0, 0, 0x80, 0x3f, 0x35, 0, 0, 0, 0x40],
      dtype: 'FP32',
      data: Float32Array.of(1, 2),
    },
    {
      it: 'a field that the message does not know',
      bytes: [0x4a, 1, 0, 0x12, 2, 5, 7],
      dtype: 'INT32',
      data: Int32Array.of(5, 7),
    },
  ] as const
  for (const { it: what, bytes, dtype, data } of RUNS) {
    it(`reads ${what}`, () => {
      assert.deepEqual(tensorFromContents(wire(dtype, 2), Buffer.from(bytes)).data, data)
    })
  }

  const REFUSED = [
    {
      it: 'too few elements',
      wire: wire('INT32', 3),
      fields: { int_contents: [1] },
      says: /has 1 elements at \/inputs\/0\/contents\/int_contents, its shape \[3\] needs 3/,
    },
    {
      it: 'too many elements',
      wire: wire('BYTES', 1),
      fields: { bytes_contents: ['', ''] },
      says: /has 2 elements/,
    },
    {
      it: 'the field of another type',
      wire: wire('INT64', 1),
      fields: { int_contents: [1] },
      says: /contents\/int_contents, INT64 belongs in int64_contents/,
    },
    {
      it: 'a second field',
      wire: wire('INT32', 1),
      fields: { int_contents: [1], fp32_contents: [1] },
      says: /contents\/fp32_contents, INT32 belongs in int_contents/,
    },
    {
      it: 'an INT8 of 300',
      wire: wire('INT8', 2),
      fields: { int_contents: [1, 300] },
      says: /has 300 at \/inputs\/0\/contents\/int_contents\/1, INT8 expects an integer from -128 to 127/,
    },
    {
      it: 'a UINT16 of 65536',
      wire: wire('UINT16', 1),
      fields: { uint_contents: [65536] },
      says: /65536.*UINT16 expects/,
    },
    {
      it: 'FP16, which has no field',
      wire: wire('FP16', 1),
      fields: { fp32_contents: [1] },
      says: /FP16, which travels in raw_input_contents only/,
    },
    { it: 'BF16, which has no field', wire: wire('BF16', 1), fields: { fp32_contents: [1] }, says: /BF16/ },
    {
      it: 'bytes that are no text',
      wire: wire('BYTES', 1),
      fields: { bytes_contents: [Buffer.of(0xff)] },
      says: /not UTF-8 at .*bytes_contents\/0/,
    },
    {
      it: 'a shape of more elements than can be counted',
      wire: wire('FP32', 2 ** 40, 2 ** 40),
      fields: {},
      says: /more bytes than can be counted/,
    },
  ]
  for (const c of REFUSED) {
    it(`refuses ${c.it}`, () => {
      assert.throws(() => tensorFromContents(c.wire, contents(c.fields)), {
        code: 'invalid_argument',
        message: c.says,
      })
    })
  }

  const MALFORMED = [
    { it: 'a cut varint', bytes: [0x12, 2, 5, 0x80] },
    { it: 'a run that is longer than the message', bytes: [0x12, 9, 5] },
    { it: 'a cut float', bytes: [0x32, 3, 0, 0, 0] },
    { it: 'a varint of eleven bytes', bytes: [0x12, 11, ...new Array<number>(10).fill(0xff), 1] },
    { it: 'a group', bytes: [0x13, 0x14] },
    { it: 'a float among varints', bytes: [0x15, 0, 0, 0, 0] },
  ]
  for (const { it: what, bytes } of MALFORMED) {
    it(`refuses ${what}`, () => {
      assert.throws(() => tensorFromContents(wire('INT32', 1), Buffer.from(bytes)), {
        code: 'invalid_argument',
        message: /is not an InferTensorContents/,
      })
    })
  }

  it('reads back what protobuf has written, whatever it is', () => {
    const integers = fc.array(fc.bigInt({ min: -LARGE, max: LARGE - 1n }))
    fc.assert(
      fc.property(integers, (values) => {
        const message = contents({ int64_contents: values.map(String) })
        assert.deepEqual(
          tensorFromContents(wire('INT64', values.length), message).data,
          BigInt64Array.from(values),
        )
      }),
    )
  })

  it('makes of any bytes a tensor or a refusal', () => {
    const datatypes = fc.constantFrom<WireDataType>(
      'BOOL',
      'INT8',
      'INT64',
      'UINT32',
      'FP32',
      'FP64',
      'BYTES',
    )
    fc.assert(
      fc.property(datatypes, fc.nat(3), fc.uint8Array({ maxLength: 40 }), (datatype, count, bytes) => {
        const outcome = outcomeOf(() => tensorFromContents(wire(datatype, count), bytes).data.length)
        assert.ok(outcome === count || outcome === 'invalid_argument', String(outcome))
      }),
      { numRuns: 2000 },
    )
  })
})

function outcomeOf(decode: () => number): unknown {
  try {
    return decode()
  } catch (error) {
    return error instanceof ServingError ? error.code : error
  }
}
