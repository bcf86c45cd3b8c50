import assert from 'node:assert/strict'
import { status } from '@grpc/grpc-js'
import { modelNotFound, queueFull } from '../../../../frontend/core/errors.ts'
import type { TensorsPayload } from '../../../../worker/contract/messages.ts'
import { bytesResponse, DIGITS } from '../../../support/fake-planes.ts'
import { OipGrpcFixture, RAW_REQUEST, tensorsResponse } from '../../../support/oip-grpc-fixture.ts'

const SCORES = { name: 'y', dtype: 'FP32', shape: [1, 3], data: Float32Array.of(0.1, 0.7, 0.2) } as const

describe('ModelInfer', () => {
  let server: OipGrpcFixture
  beforeEach(async () => {
    server = await OipGrpcFixture.open()
    server.dataPlane.outcome = tensorsResponse([SCORES])
  })
  afterEach(() => server.close())

  async function infer(request: object, metadata?: Record<string, string>): Promise<Record<string, unknown>> {
    return (await server.client.unary('ModelInfer', request, metadata === undefined ? {} : { metadata }))
      .message
  }

  function tensorsGiven(): TensorsPayload {
    return server.dataPlane.payloads[0] as TensorsPayload // of this protocol all payloads are tensors
  }

  it('gives the model the raw tensors of the request', async () => {
    await infer(RAW_REQUEST)
    assert.deepEqual(tensorsGiven().tensors, [
      { name: 'x', dtype: 'FP32', shape: [1, 2], data: Float32Array.of(0.5, -1) },
    ])
  })

  it('gives the model the typed tensors of the request', async () => {
    const inputs = [
      { name: 'i', datatype: 'INT64', shape: [2], contents: { int64_contents: [1, -2] } },
      { name: 's', datatype: 'BYTES', shape: [1], contents: { bytes_contents: [Buffer.from('ü')] } },
      { name: 'none', datatype: 'FP32', shape: [0] },
    ]
    await infer({ model_name: 'digits', inputs })
    assert.deepEqual(tensorsGiven().tensors, [
      { name: 'i', dtype: 'INT64', shape: [2], data: BigInt64Array.of(1n, -2n) },
      { name: 's', dtype: 'BYTES', shape: [1], data: ['ü'] },
      { name: 'none', dtype: 'FP32', shape: [0], data: new Float32Array() },
    ])
  })

  it('answers one raw block for each output, and the id of the request', async () => {
    const whole = { name: 'n', dtype: 'INT64', shape: [1], data: BigInt64Array.of(2n ** 62n) } as const
    const texts = { name: 't', dtype: 'BYTES', shape: [2], data: ['ab', ''] } as const
    server.dataPlane.outcome = tensorsResponse([whole, texts])
    const { id, model_name, model_version, outputs, raw_output_contents } = await infer({
      ...RAW_REQUEST,
      id: 'mine',
    })
    assert.deepEqual([id, model_name, model_version], ['mine', 'digits', '1.0'])
    assert.deepEqual(
      (outputs as { name: string; datatype: string; shape: number[] }[]).map((each) => [
        each.name,
        each.datatype,
        each.shape,
      ]),
      [
        ['n', 'INT64', [1]],
        ['t', 'BYTES', [2]],
      ],
    )
    assert.deepEqual(raw_output_contents, [
      Buffer.from(whole.data.buffer),
      Buffer.from([2, 0, 0, 0, 0x61, 0x62, 0, 0, 0, 0]),
    ])
  })

  it('asks for the version that the request names', async () => {
    await infer({ ...RAW_REQUEST, model_version: '2.0' })
    assert.deepEqual(server.dataPlane.heads[0]?.model, { name: 'digits', version: '2.0' })
  })

  it('asks for the outputs that the request names, in its order', async () => {
    await infer({ ...RAW_REQUEST, outputs: [{ name: 'y' }, { name: 'a' }] })
    assert.deepEqual(tensorsGiven().outputs, ['y', 'a'])
  })

  it('tells admission how large the tensors are', async () => {
    await infer(RAW_REQUEST)
    assert.equal(server.dataPlane.heads[0]?.announcedBytes, 8)
  })

  it('hands parameters to the handler, and its parameters to the client', async () => {
    server.dataPlane.outcome = tensorsResponse([SCORES], { took: 1.5, count: 3, cached: true, by: 'me' })
    const parameters = {
      text: { string_param: 'a' },
      flag: { bool_param: true },
      whole: { int64_param: -3 },
      unsigned: { uint64_param: '18446744073709551615' },
      real: { double_param: 0.5 },
    }
    const answer = await infer({ ...RAW_REQUEST, parameters })
    assert.deepEqual(tensorsGiven().parameters, {
      text: 'a',
      flag: true,
      whole: -3,
      unsigned: '18446744073709551615',
      real: 0.5,
    })
    const answered = Object.entries(answer['parameters'] as Record<string, Record<string, unknown>>)
    assert.deepEqual(
      answered.map(([name, { bool_param, int64_param, string_param, double_param }]) => [
        name,
        bool_param ?? int64_param ?? string_param ?? double_param,
      ]),
      [
        ['took', 1.5],
        ['count', 3],
        ['cached', true],
        ['by', 'me'],
      ],
    )
  })

  it('runs the request as its parameters say', async () => {
    const parameters = {
      sequence_id: { int64_param: 7 },
      sequence_start: { bool_param: true },
      priority: { uint64_param: 2 },
      timeout: { int64_param: 1_500_000 },
    }
    await infer({ ...RAW_REQUEST, parameters })
    const [{ sequence, priority, timeoutMs } = {}] = server.dataPlane.runOptions
    assert.deepEqual(
      [sequence, priority, timeoutMs],
      [{ id: '7', start: true, end: false, explicit: true }, 2, 1500],
    )
  })

  it('answers classes where an output asks for them', async () => {
    const { currentMetadata } = server.dataPlane
    assert.ok(!(currentMetadata instanceof Error))
    server.dataPlane.currentMetadata = {
      ...currentMetadata,
      outputs: [{ name: 'y', dtype: 'FP32', shape: ['batch', 3] }],
      outputLabels: { y: ['a', 'b', 'c'] },
    }
    const outputs = [{ name: 'y', parameters: { classification: { int64_param: 2 } } }]
    const { raw_output_contents: raw } = await infer({ ...RAW_REQUEST, outputs })
    const [bytes = Buffer.alloc(0)] = raw as Buffer[]
    assert.match(bytes.toString('latin1'), /0\.700000:1:b.*0\.200000:2:c/s)
  })

  it('answers what a handler answers instead of tensors as one string', async () => {
    server.dataPlane.outcome = bytesResponse('{"7":0.9}')
    const { outputs, raw_output_contents: raw } = await infer(RAW_REQUEST)
    assert.deepEqual(
      (outputs as { name: string }[]).map(({ name }) => name),
      ['output'],
    )
    assert.deepEqual(raw, [Buffer.from('\x09\0\0\0{"7":0.9}')])
  })

  it('ends with the status that a handler chose', async () => {
    server.dataPlane.outcome = bytesResponse('too late', { status: 404 })
    const { code, details } = await server.client.failure('ModelInfer', RAW_REQUEST)
    assert.deepEqual([code, details], [status.NOT_FOUND, 'too late'])
  })

  const ERRORS = [
    { error: modelNotFound('digits', []), code: status.NOT_FOUND },
    { error: queueFull(DIGITS, 1, 100), code: status.RESOURCE_EXHAUSTED },
  ]
  for (const { error, code } of ERRORS) {
    it(`ends with ${status[code]} on ${error.code}`, async () => {
      server.dataPlane.admission = error
      assert.equal((await server.client.failure('ModelInfer', RAW_REQUEST)).code, code)
    })
  }

  const [INPUT] = RAW_REQUEST.inputs
  const REFUSED = [
    { it: 'no model', request: { ...RAW_REQUEST, model_name: '' }, says: /'model_name' is required/ },
    {
      it: 'an input without a name',
      request: { ...RAW_REQUEST, inputs: [{ ...INPUT, name: '' }] },
      says: /\/inputs\/0\/name is empty/,
    },
    {
      it: 'an unknown data type',
      request: { ...RAW_REQUEST, inputs: [{ ...INPUT, datatype: 'FP31' }] },
      says: /\/inputs\/0\/datatype is 'FP31', expected BOOL, /,
    },
    {
      it: 'a negative size',
      request: { ...RAW_REQUEST, inputs: [{ ...INPUT, shape: [1, -2] }] },
      says: /\/inputs\/0\/shape\/1 is -2/,
    },
    {
      it: 'more elements than can be counted',
      request: { ...RAW_REQUEST, inputs: [{ ...INPUT, shape: [16, '1152921504606846978'] }] },
      says: /\/inputs\/0\/shape\/1 is 1152921504606846978/,
    },
    {
      it: 'a block that is too short',
      request: { ...RAW_REQUEST, raw_input_contents: [Buffer.alloc(7)] },
      says: /has 7 bytes at \/raw_input_contents\/0, FP32 \[1,2\] needs 8/,
    },
    {
      it: 'a block too many',
      request: { ...RAW_REQUEST, raw_input_contents: [Buffer.alloc(8), Buffer.alloc(8)] },
      says: /\/raw_input_contents has 2 entries, expected one for each of the 1 inputs/,
    },
    {
      it: 'a block too few',
      request: { ...RAW_REQUEST, inputs: [INPUT, INPUT] },
      says: /has 1 entries, expected one for each of the 2 inputs/,
    },
    {
      it: 'contents beside a block',
      request: { ...RAW_REQUEST, inputs: [{ ...INPUT, contents: { fp32_contents: [1, 2] } }] },
      says: /\/inputs\/0\/contents is given beside/,
    },
    {
      it: 'no data',
      request: { ...RAW_REQUEST, raw_input_contents: [] },
      says: /has 0 elements at \/inputs\/0\/contents\/fp32_contents, its shape \[1,2\] needs 2/,
    },
    {
      it: 'strings that are cut',
      request: {
        model_name: 'm',
        inputs: [{ ...INPUT, datatype: 'BYTES' }],
        raw_input_contents: [Buffer.of(9, 0, 0)],
      },
      says: /ends inside the length prefix of element 0/,
    },
    {
      it: 'an output twice',
      request: { ...RAW_REQUEST, outputs: [{ name: 'y' }, { name: 'y' }] },
      says: /\/outputs\/1\/name is 'y', which is asked for twice/,
    },
    {
      it: 'a reserved parameter',
      request: { ...RAW_REQUEST, parameters: { triton_x: { bool_param: true } } },
      says: /\/parameters\/triton_x is reserved/,
    },
    {
      it: 'a parameter without a value',
      request: { ...RAW_REQUEST, parameters: { mine: {} } },
      says: /\/parameters\/mine is undefined, expected a boolean/,
    },
  ]
  for (const { it: what, request, says } of REFUSED) {
    it(`refuses ${what}, and gives its place back`, async () => {
      const { code, details } = await server.client.failure('ModelInfer', request)
      assert.equal(code, status.INVALID_ARGUMENT)
      assert.match(details, says)
      assert.deepEqual(
        [server.dataPlane.payloads.length, server.dataPlane.cancelled],
        [0, server.dataPlane.heads.length],
      )
    })
  }

  it('says that shared memory is not served', async () => {
    const parameters = { shared_memory_region: { string_param: 'r' } }
    for (const request of [
      { ...RAW_REQUEST, inputs: [{ ...INPUT, parameters }], raw_input_contents: [] },
      { ...RAW_REQUEST, outputs: [{ name: 'y', parameters }] },
    ]) {
      const { code, details } = await server.client.failure('ModelInfer', request)
      assert.equal(code, status.UNIMPLEMENTED)
      assert.match(details, /shared_memory_region: shared memory is not/)
    }
  })
})
