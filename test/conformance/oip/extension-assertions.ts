import assert from 'node:assert/strict'
import type { Assertion } from './assertion.ts'
import type { OipServer } from './oip-server.ts'
import { statistics } from './statistics.ts'

const REPOSITORY = '/v2/repository/models'

const ROW = { name: 'INPUT0', datatype: 'FP32', shape: [2, 3], data: [1, 3, 2, 4, 4, 5] }
const FILE = 'file:1/model.onnx'

const classify = (model: string, input: object, classification: number) => ({
  method: 'POST',
  path: `/v2/models/${model}/infer`,
  json: { inputs: [input], outputs: [{ name: 'OUTPUT0', parameters: { classification } }] },
})

const sequence = (shape: readonly number[], parameters: object) => ({
  method: 'POST',
  path: '/v2/models/sequence/infer',
  json: {
    parameters,
    inputs: [
      { name: 'INPUT0', datatype: 'FP32', shape, data: Array.from({ length: shape[0] ?? 0 }, () => 1) },
    ],
  },
})

/** Those about the extensions. The server controls its models explicitly. */
export const EXTENSION_ASSERTIONS: readonly Assertion[] = [
  {
    number: 73,
    it: 'an unknown model',
    path: `${REPOSITORY}/none/load`,
    json: {},
    status: 404,
    error: /none/,
  },
  { number: 75, it: 'a blank name', path: `${REPOSITORY}/%20/load`, json: {}, status: 400 },
  { number: 75, it: 'a name that is a path', path: `${REPOSITORY}/..%2Fx/load`, json: {}, status: 400 },
  { number: 75, it: 'an empty name', path: `${REPOSITORY}//load`, json: {}, status: 404 },
  ...[
    { it: 'files without a configuration', parameters: { [FILE]: 'AQI=' } },
    { it: 'a file outside the model', parameters: { config: '{}', 'file:../x': 'AQI=' } },
    { it: 'a file in bad base64', parameters: { config: '{}', [FILE]: '*' } },
    { it: 'an unknown parameter of loading', parameters: { configs: '{}' } },
  ].map(({ it, parameters }) => ({
    number: 76,
    it,
    path: `${REPOSITORY}/addsub/load`,
    json: { parameters },
    status: 400,
    error: /^\/parameters/,
  })),
  { number: 80, it: 'unloading an unknown model', path: `${REPOSITORY}/none/unload`, json: {}, status: 404 },
  {
    number: 81,
    it: 'the index has all models, or those that are ready',
    run: async (server) => {
      const all = await index(server, {})
      const ready = await index(server, { ready: true })
      assert.ok(all.length > ready.length)
      assert.deepEqual(new Set(ready.map(({ state }) => state)), new Set(['READY']))
      assert.ok(ready.some(({ name }) => name === 'addsub'))
    },
  },
  {
    number: 81,
    it: 'a ready that is no boolean',
    path: '/v2/repository/index',
    json: { ready: [[[[1]]]] },
    status: 400,
    error: /^\/ready/,
  },
  {
    number: 82,
    it: 'statistics count rows and executions',
    run: async (server) => {
      const before = await statistics(server, 'id_fp32')
      for (let i = 0; i < 3; i++) await infer(server, 'id_fp32', [ROW])
      const after = await statistics(server, 'id_fp32')
      const executions = after.execution_count - before.execution_count
      assert.equal(after.inference_count - before.inference_count, 6)
      assert.ok(executions > 0 && executions <= 6)
      assert.equal(after.inference_stats.success.count - before.inference_stats.success.count, 3)
    },
  },
  {
    number: 83,
    it: 'statistics count failures apart',
    run: async (server) => {
      const before = (await statistics(server, 'addsub')).inference_stats
      const input = { name: 'INPUT0', datatype: 'INT32', shape: [1, 16], data: new Array(16).fill(1) }
      assert.equal(await infer(server, 'addsub', [input]), 400)
      const after = (await statistics(server, 'addsub')).inference_stats
      assert.equal(after.fail.count - before.fail.count, 1)
      assert.equal(after.success.count, before.success.count)
    },
  },
  {
    number: 84,
    it: 'no more classes than there are, equal ones in order',
    ...classify('id_fp32', ROW, 9),
    status: 200,
    data: [['3.000000:1', '2.000000:2', '1.000000:0', '5.000000:2', '4.000000:0', '4.000000:1']],
  },
  {
    number: 84,
    it: 'classes of texts',
    ...classify('id_bytes', { name: 'INPUT0', datatype: 'BYTES', shape: [1], data: ['a'] }, 1),
    status: 400,
    error: /classif/,
  },
  { number: 84, it: 'more than a million classes', ...classify('id_fp32', ROW, 1_000_001), status: 400 },
  {
    number: 84,
    it: 'more than a million classes in all rows',
    ...classify('id_fp32', ROW, 600_000),
    status: 400,
  },
  { number: 90, it: 'the file of the log', path: '/v2/logging', json: { log_file: 'x' }, status: 403 },
  { number: 90, it: 'the file of traces', path: '/v2/trace/setting', json: { trace_file: 'x' }, status: 403 },
  {
    number: 91,
    it: 'settings of the log change together or not at all',
    run: async (server) => {
      const before = await server.ask('/v2/logging')
      for (const bad of [{ log_format: 'iso' }, { log_verbose_level: -1 }]) {
        const body = JSON.stringify({ log_error: false, ...bad })
        const { status } = await server.ask('/v2/logging', { method: 'POST', body })
        assert.equal(status, 400)
      }
      assert.equal((await server.ask('/v2/logging')).text, before.text)
    },
  },
  ...[
    { it: 'a missing input', json: { other: 1 }, error: /'INPUT0' is missing/ },
    { it: 'a member that is an object', json: { INPUT0: [1], other: {} }, error: /^\/parameters\/other/ },
    { it: 'a nested list', json: { INPUT0: [[1]] }, error: /^\/INPUT0\/0/ },
    { it: 'a value of another type', json: { INPUT0: ['a'] }, error: /\/INPUT0\/0/ },
  ].map((each) => ({ number: 92, path: '/v2/models/id_fp64/generate', status: 400, ...each })),
  {
    number: 92,
    it: 'a value is answered as a value',
    path: '/v2/models/id_fp64/generate',
    json: { INPUT0: 0.5 },
    status: 200,
    answer: { model_name: 'id_fp64', OUTPUT0: 0.5 },
  },
  {
    number: 93,
    it: 'generate on a model that answers in one piece',
    path: '/v2/models/talk/generate',
    json: { text_input: 'one' },
    status: 200,
    answer: { text_output: 'one' },
  },
  {
    number: 93,
    it: 'generate on a model that answers in several',
    path: '/v2/models/talk/generate',
    json: { text_input: 'one two' },
    status: 400,
    error: /generate_stream/,
  },
  {
    number: 94,
    it: 'an error in the middle of a generated stream',
    run: async (server) => {
      const body = JSON.stringify({ text_input: 'one two fail' })
      const { status, text } = await server.ask('/v2/models/talk/generate_stream', { method: 'POST', body })
      assert.equal(status, 200)
      const events = text.split('\n\n').map((event) => event.replace(/^data: /, ''))
      const [one, two, error, end] = events.map((event) => (event === '' ? {} : JSON.parse(event)) as object)
      const named = { model_name: 'talk', model_version: '1.0' }
      assert.deepEqual(
        [one, two],
        [
          { ...named, text_output: 'one' },
          { ...named, text_output: 'two' },
        ],
      )
      assert.deepEqual([Object.keys(error ?? {}), end], [['error'], {}])
    },
  },
  {
    number: 100,
    it: 'a request without a sequence',
    ...sequence([1], {}),
    status: 400,
    error: /sequence_id/,
  },
  {
    number: 100,
    it: 'an unknown sequence without its start',
    ...sequence([1], { sequence_id: 9 }),
    status: 400,
    error: /no open sequence '9'/,
  },
  {
    number: 100,
    it: 'two rows of a sequence',
    ...sequence([2], { sequence_id: 8, sequence_start: true }),
    status: 400,
    error: /one row/,
  },
  {
    number: 100,
    it: 'a sequence from its start to its end',
    ...sequence([1], { sequence_id: 7, sequence_start: true, sequence_end: true }),
    status: 200,
  },
]

type Entry = { readonly name: string; readonly state?: string }

async function index(server: OipServer, body: object): Promise<Entry[]> {
  const answer = await server.ask('/v2/repository/index', { method: 'POST', body: JSON.stringify(body) })
  assert.equal(answer.status, 200, answer.text)
  return JSON.parse(answer.text) as Entry[]
}

async function infer(server: OipServer, model: string, inputs: readonly object[]): Promise<number> {
  const body = JSON.stringify({ inputs })
  return (await server.ask(`/v2/models/${model}/infer`, { method: 'POST', body })).status
}
