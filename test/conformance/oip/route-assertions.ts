import assert from 'node:assert/strict'
import type { Assertion } from './assertion.ts'
import { ROW } from './requests.ts'

/** Routes, probes and metadata. */
export const ROUTE_ASSERTIONS: readonly Assertion[] = [
  { number: 1, it: 'the server tells its name', path: '/v2', status: 200, answer: { name: 'onnxserve' } },
  {
    number: 1,
    it: 'the server tells its version and extensions',
    run: async (server) => {
      const { version, extensions } = JSON.parse((await server.ask('/v2')).text) as Record<string, unknown>
      assert.match(String(version), /^\d+\.\d+\.\d+/)
      assert.ok((extensions as string[]).includes('binary_tensor_data'))
    },
  },
  { number: 2, it: 'a healthy server is live', path: '/v2/health/live', status: 200, answer: { live: true } },
  { number: 2, it: 'and ready', path: '/v2/health/ready', status: 200, answer: { ready: true } },
  {
    number: 4,
    it: 'an unknown route',
    path: '/v2/unknown',
    status: 404,
    error: /there is no GET \/v2\/unknown here/,
  },
  {
    number: 4,
    it: 'a wrong verb',
    path: '/v2/models/id_fp32/infer',
    status: 405,
    answerHeaders: { allow: 'POST' },
  },
  {
    number: 5,
    it: 'a version in the path need not be a number',
    path: '/v2/models/id_fp32/versions/1.0',
    status: 200,
    answer: { versions: ['1.0'] },
  },
  { number: 5, it: 'a version that no model has', path: '/v2/models/id_fp32/versions/abc', status: 404 },
  {
    number: 6,
    it: 'metadata of an unknown model',
    path: '/v2/models/unknown',
    status: 404,
    error: /unknown/,
  },
  { number: 7, it: 'metadata of an unknown version', path: '/v2/models/id_fp32/versions/9', status: 404 },
  { number: 8, it: 'readiness of an unknown model', path: '/v2/models/unknown/ready', status: 404 },
  {
    number: 8,
    it: 'readiness of a known one',
    path: '/v2/models/id_fp32/ready',
    status: 200,
    answer: { name: 'id_fp32', ready: true },
  },
  {
    number: 9,
    it: 'the rows are the first dimension of metadata, as -1',
    path: '/v2/models/addsub',
    status: 200,
    answer: {
      inputs: [
        { name: 'INPUT0', datatype: 'INT32', shape: [-1, 16] },
        { name: 'INPUT1', datatype: 'INT32', shape: [-1, 16] },
      ],
    },
  },
  { number: 10, it: 'infer on an unknown model', path: '/v2/models/unknown/infer', json: ROW, status: 404 },
  {
    number: 10,
    it: 'infer on an unknown version',
    path: '/v2/models/id_fp32/versions/9/infer',
    json: ROW,
    status: 404,
  },
  {
    number: 11,
    it: 'infer on a version that is not ready',
    path: '/v2/models/idle/infer',
    json: ROW,
    status: 503,
  },
  {
    number: 11,
    it: 'readiness of that version',
    path: '/v2/models/idle/ready',
    status: 503,
    answer: { name: 'idle', ready: false },
  },
  ...['system', 'cuda'].flatMap((kind): Assertion[] => [
    {
      number: 95,
      it: `regions of ${kind} shared memory: none`,
      path: `/v2/${kind}sharedmemory/status`,
      status: 200,
    },
    {
      number: 95,
      it: `registering ${kind} shared memory`,
      path: `/v2/${kind}sharedmemory/region/r/register`,
      json: { key: '/r', offset: 0, byte_size: 8 },
      status: 501,
      error: /shared memory is not supported, because/,
    },
    {
      number: 95,
      it: `unregistering ${kind} shared memory`,
      method: 'POST',
      path: `/v2/${kind}sharedmemory/unregister`,
      status: 501,
    },
  ]),
  {
    number: 95,
    it: 'an input in shared memory',
    path: '/v2/models/id_fp32/infer',
    json: { inputs: [{ ...ROW.inputs[0], data: undefined, parameters: { shared_memory_region: 'r' } }] },
    status: 501,
    error: /^\/inputs\/0\/parameters\/shared_memory_region: /,
  },
]
