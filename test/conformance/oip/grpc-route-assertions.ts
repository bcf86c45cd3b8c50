import assert from 'node:assert/strict'
import { EXACT_DEFINITIONS, GrpcClient, HEALTH, OIP } from '../../support/grpc-client.ts'
import { outcomeOf, type GrpcAssertion } from './grpc-assertion.ts'
import { ROW, typed } from './grpc-requests.ts'
import type { ServiceDefinition } from '@grpc/proto-loader'

/** The service as a client knows it that has one RPC more. */
function withUnknownMethod() {
  const service = EXACT_DEFINITIONS[OIP] as ServiceDefinition // it is one
  const known = service['ModelInfer']
  assert.ok(known)
  return {
    ...EXACT_DEFINITIONS,
    [OIP]: { Unknown: { ...known, path: `/${OIP}/Unknown` } } as ServiceDefinition,
  }
}

const IDLE = typed('idle', { datatype: 'FP32', shape: [1] }, { fp32_contents: [1] })

/** RPCs, probes and metadata. */
export const GRPC_ROUTE_ASSERTIONS: readonly GrpcAssertion[] = [
  {
    number: 1,
    it: 'the server tells its name, version and extensions',
    run: async ({ client }) => {
      const { message } = await client.unary('ServerMetadata', {})
      assert.equal(message['name'], 'onnxserve')
      assert.match(String(message['version']), /^\d+\.\d+\.\d+/)
      assert.ok((message['extensions'] as string[]).includes('model_repository'))
    },
  },
  { number: 2, it: 'a healthy server is live', method: 'ServerLive', request: {}, answer: { live: true } },
  { number: 2, it: 'and ready', method: 'ServerReady', request: {}, answer: { ready: true } },
  {
    number: 2,
    it: "and serving in gRPC's own words",
    run: async ({ server }) => {
      const client = new GrpcClient(server.grpcInference, HEALTH)
      try {
        assert.equal((await client.unary('Check', {})).message['status'], 'SERVING')
      } finally {
        client.close()
      }
    },
  },
  {
    number: 4,
    it: 'an unknown RPC',
    run: async ({ server }) => {
      const client = new GrpcClient(server.grpcInference, OIP, { definitions: withUnknownMethod() })
      try {
        assert.equal((await outcomeOf(client, 'Unknown', {})).code, 'UNIMPLEMENTED')
      } finally {
        client.close()
      }
    },
  },
  {
    number: 5,
    it: 'a version need not be a number',
    method: 'ModelMetadata',
    request: { name: 'id_fp32', version: '1.0' },
    answer: { versions: ['1.0'] },
  },
  {
    number: 5,
    it: 'a version that no model has',
    method: 'ModelMetadata',
    request: { name: 'id_fp32', version: 'abc' },
    code: 'NOT_FOUND',
    error: /abc/,
  },
  {
    number: 6,
    it: 'metadata of an unknown model',
    method: 'ModelMetadata',
    request: { name: 'unknown' },
    code: 'NOT_FOUND',
    error: /unknown/,
  },
  {
    number: 7,
    it: 'metadata of an unknown version',
    method: 'ModelMetadata',
    request: { name: 'id_fp32', version: '9' },
    code: 'NOT_FOUND',
    error: /9/,
  },
  {
    number: 8,
    it: 'readiness of an unknown model',
    method: 'ModelReady',
    request: { name: 'unknown' },
    code: 'NOT_FOUND',
  },
  {
    number: 8,
    it: 'readiness of a known one',
    method: 'ModelReady',
    request: { name: 'id_fp32' },
    answer: { ready: true },
  },
  {
    number: 9,
    it: 'the rows are the first dimension of metadata, as -1',
    method: 'ModelMetadata',
    request: { name: 'addsub' },
    answer: {
      inputs: [
        { name: 'INPUT0', datatype: 'INT32', shape: [-1, 16] },
        { name: 'INPUT1', datatype: 'INT32', shape: [-1, 16] },
      ],
    },
  },
  {
    number: 10,
    it: 'infer on an unknown model',
    method: 'ModelInfer',
    request: { ...ROW, model_name: 'unknown' },
    code: 'NOT_FOUND',
  },
  {
    number: 10,
    it: 'infer on an unknown version',
    method: 'ModelInfer',
    request: { ...ROW, model_version: '9' },
    code: 'NOT_FOUND',
  },
  {
    number: 11,
    it: 'infer on a version that is not ready',
    method: 'ModelInfer',
    request: IDLE,
    code: 'UNAVAILABLE',
  },
  {
    number: 11,
    it: 'readiness of that version',
    method: 'ModelReady',
    request: { name: 'idle' },
    answer: { ready: false },
  },
  ...['System', 'Cuda'].flatMap((kind): GrpcAssertion[] => [
    {
      number: 95,
      it: `regions of ${kind} shared memory: none`,
      method: `${kind}SharedMemoryStatus`,
      request: {},
      answer: { regions: {} },
    },
    {
      number: 95,
      it: `registering ${kind} shared memory`,
      method: `${kind}SharedMemoryRegister`,
      request: { name: 'r', byte_size: 8 },
      code: 'UNIMPLEMENTED',
      error: /shared memory is not supported, because/,
    },
    {
      number: 95,
      it: `unregistering ${kind} shared memory`,
      method: `${kind}SharedMemoryUnregister`,
      request: {},
      code: 'UNIMPLEMENTED',
    },
  ]),
  {
    number: 95,
    it: 'an input in shared memory',
    method: 'ModelInfer',
    request: typed('id_fp32', {
      datatype: 'FP32',
      shape: [1, 2],
      parameters: { shared_memory_region: { string_param: 'r' } },
    }),
    code: 'UNIMPLEMENTED',
    error: /inputs\/0\/parameters\/shared_memory_region/,
  },
]
