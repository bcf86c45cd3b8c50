import assert from 'node:assert/strict'
import type { GrpcClient } from '../../support/grpc-client.ts'
import { outcomeOf, type GrpcAssertion } from './grpc-assertion.ts'
import { addSub, fp32, raw, typed } from './grpc-requests.ts'
import { rawString } from './requests.ts'

const ROWS = { datatype: 'FP32', shape: [2, 3] }
const VALUES = fp32(1, 3, 2, 4, 4, 5)
const FILE = 'file:1/model.onnx'
const CONFIG = { config: { string_param: '{}' } }

const classes = (request: object, count: number) => ({
  ...request,
  outputs: [{ name: 'OUTPUT0', parameters: { classification: { int64_param: count } } }],
})

const sequence = (shape: readonly number[], parameters: object) => ({
  ...typed('sequence', { datatype: 'FP32', shape }, { fp32_contents: shape.map(() => 1) }),
  parameters,
})

/** Those about the extensions. The server controls its models explicitly. */
export const GRPC_EXTENSION_ASSERTIONS: readonly GrpcAssertion[] = [
  ...['../x', ' ', 'a/b'].map((name): GrpcAssertion => ({
    number: 75,
    it: `loading the name '${name}'`,
    method: 'RepositoryModelLoad',
    request: { model_name: name },
    code: 'INVALID_ARGUMENT',
  })),
  {
    number: 75,
    it: 'loading no name',
    method: 'RepositoryModelLoad',
    request: {},
    code: 'INVALID_ARGUMENT',
    error: /'model_name' is required/,
  },
  ...[
    { it: 'files without a configuration', parameters: { [FILE]: { bytes_param: Buffer.from([1, 2]) } } },
    {
      it: 'a file outside the model',
      parameters: { ...CONFIG, 'file:../x': { bytes_param: Buffer.from([1]) } },
    },
    { it: 'a file in bad base64', parameters: { ...CONFIG, [FILE]: { string_param: '*' } } },
    { it: 'a file that is a number', parameters: { ...CONFIG, [FILE]: { int64_param: 1 } } },
    { it: 'an unknown parameter of loading', parameters: { configs: { string_param: '{}' } } },
  ].map(({ it, parameters }): GrpcAssertion => ({
    number: 76,
    it,
    method: 'RepositoryModelLoad',
    request: { model_name: 'addsub', parameters },
    code: 'INVALID_ARGUMENT',
    error: /parameters/,
  })),
  {
    number: 80,
    it: 'unloading an unknown model',
    method: 'RepositoryModelUnload',
    request: { model_name: 'none' },
    code: 'NOT_FOUND',
  },
  {
    number: 81,
    it: 'the index has all models, or those that are ready',
    run: async ({ client }) => {
      const index = async (request: object) =>
        (await client.unary('RepositoryIndex', request)).message['models'] as { state: string }[]
      const ready = await index({ ready: true })
      assert.ok((await index({})).length > ready.length)
      assert.deepEqual(new Set(ready.map(({ state }) => state)), new Set(['READY']))
    },
  },
  {
    number: 82,
    it: 'statistics count rows and executions',
    run: async ({ client }) => {
      const before = await statistics(client, 'id_fp32')
      for (let i = 0; i < 3; i++) await client.unary('ModelInfer', raw('id_fp32', ROWS, VALUES))
      const after = await statistics(client, 'id_fp32')
      const executions = after.execution_count - before.execution_count
      assert.equal(after.inference_count - before.inference_count, 6)
      assert.ok(executions > 0 && executions <= 6)
      assert.equal(after.inference_stats.success.count - before.inference_stats.success.count, 3)
    },
  },
  {
    number: 83,
    it: 'statistics count failures apart',
    run: async ({ client }) => {
      const before = (await statistics(client, 'addsub')).inference_stats
      assert.equal((await outcomeOf(client, 'ModelInfer', addSub(9))).code, 'INVALID_ARGUMENT')
      const after = (await statistics(client, 'addsub')).inference_stats
      assert.equal(after.fail.count - before.fail.count, 1)
      assert.equal(after.success.count, before.success.count)
    },
  },
  {
    number: 84,
    it: 'no more classes than there are, equal ones in order',
    method: 'ModelInfer',
    request: classes(raw('id_fp32', ROWS, VALUES), 9),
    raw: [
      Buffer.concat(
        ['3.000000:1', '2.000000:2', '1.000000:0', '5.000000:2', '4.000000:0', '4.000000:1'].map(rawString),
      ),
    ],
  },
  {
    number: 84,
    it: 'classes of texts',
    method: 'ModelInfer',
    request: classes(raw('id_bytes', { datatype: 'BYTES', shape: [1] }, rawString('a')), 1),
    code: 'INVALID_ARGUMENT',
    error: /classif/,
  },
  ...[1_000_001, 600_000].map((count): GrpcAssertion => ({
    number: 84,
    it: `${count} classes of two rows`,
    method: 'ModelInfer',
    request: classes(raw('id_fp32', ROWS, VALUES), count),
    code: 'INVALID_ARGUMENT',
  })),
  {
    number: 90,
    it: 'the file of the log',
    method: 'LogSettings',
    request: { settings: { log_file: { string_param: 'x' } } },
    code: 'PERMISSION_DENIED',
  },
  {
    number: 90,
    it: 'the file of traces',
    method: 'TraceSetting',
    request: { settings: { trace_file: { value: ['x'] } } },
    code: 'PERMISSION_DENIED',
  },
  {
    number: 91,
    it: 'settings of the log change together or not at all',
    run: async ({ client }) => {
      const read = async () => (await client.unary('LogSettings', {})).message
      const before = await read()
      for (const bad of [{ log_format: { string_param: 'iso' } }, { log_rate: { uint32_param: 1 } }]) {
        const settings = { log_error: { bool_param: false }, ...bad }
        assert.equal((await outcomeOf(client, 'LogSettings', { settings })).code, 'INVALID_ARGUMENT')
      }
      assert.deepEqual(await read(), before)
    },
  },
  {
    number: 100,
    it: 'a request without a sequence',
    method: 'ModelInfer',
    request: sequence([1], {}),
    code: 'INVALID_ARGUMENT',
    error: /sequence_id/,
  },
  {
    number: 100,
    it: 'an unknown sequence without its start',
    method: 'ModelInfer',
    request: sequence([1], { sequence_id: { string_param: 'nine' } }),
    code: 'INVALID_ARGUMENT',
    error: /no open sequence 'nine'/,
  },
  {
    number: 100,
    it: 'two rows of a sequence',
    method: 'ModelInfer',
    request: {
      ...raw('sequence', { datatype: 'FP32', shape: [2] }, fp32(1, 1)),
      parameters: { sequence_id: { uint64_param: 18 }, sequence_start: { bool_param: true } },
    },
    code: 'INVALID_ARGUMENT',
    error: /one row/,
  },
  {
    number: 100,
    it: 'a sequence from its start to its end',
    method: 'ModelInfer',
    request: sequence([1], {
      sequence_id: { int64_param: 17 },
      sequence_start: { bool_param: true },
      sequence_end: { bool_param: true },
    }),
  },
]

type Counts = { readonly count: number }
type Stats = {
  readonly inference_count: number
  readonly execution_count: number
  readonly inference_stats: { readonly success: Counts; readonly fail: Counts }
}

async function statistics(client: GrpcClient, name: string): Promise<Stats> {
  const { message } = await client.unary('ModelStatistics', { name })
  const [version] = message['model_stats'] as [Stats]
  return version
}
