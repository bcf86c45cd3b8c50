import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { Agent } from 'node:http'
import { status } from '@grpc/grpc-js'
import fc from 'fast-check'
import { packTestArchive } from '../../support/archives.ts'
import { EXACT_DEFINITIONS, GrpcClient, INFERENCE } from '../../support/grpc-client.ts'
import { http } from '../../support/http-client.ts'
import { twoInputAdd } from '../../support/models.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../../support/server-process.ts'

const RUNS = 300

const V2_TENSORS = [
  { name: 'a', datatype: 'FP32', shape: [1, 2], data: [1, 2] },
  { name: 'b', datatype: 'FP32', shape: [1, 2], data: [3, 4] },
]
const V2_BINARY_HEAD = JSON.stringify({
  inputs: V2_TENSORS.map(({ data: _, ...rest }) => ({ ...rest, parameters: { binary_data_size: 8 } })),
  outputs: [{ name: 'sum', parameters: { binary_data: true } }],
})

type Endpoint = {
  readonly path: string
  readonly body: Uint8Array
  readonly headers?: Readonly<Record<string, string>>
}

/** What a request may look like; the tests change some of its bytes. */
const ENDPOINTS: readonly Endpoint[] = [
  { path: '/predictions/add', body: Buffer.from('{"a":[[1,2]],"b":[[3,4]]}') },
  { path: '/v2/models/add/infer', body: Buffer.from(JSON.stringify({ id: 'x', inputs: V2_TENSORS })) },
  {
    path: '/v2/models/add/infer',
    body: Buffer.concat([Buffer.from(V2_BINARY_HEAD), Buffer.alloc(16, 1)]),
    headers: { 'inference-header-content-length': String(V2_BINARY_HEAD.length) },
  },
  { path: '/v2/models/add/generate', body: Buffer.from('{"a":[1,2],"b":[3,4],"parameters":{"c":true}}') },
  { path: '/v2/models/add/generate_stream', body: Buffer.from('{"a":[1,2],"b":[3,4]}') },
  { path: '/v2/repository/index', body: Buffer.from('{"ready":true}') },
  {
    path: '/v2/repository/models/add/load',
    body: Buffer.from('{"parameters":{"config":"{}","file:1/a":"AAAA"}}'),
  },
  { path: '/v2/logging', body: Buffer.from('{"log_verbose_level":0,"log_info":true}') },
  { path: '/v2/models/add/trace/setting', body: Buffer.from('{"trace_level":["OFF"],"trace_rate":"100"}') },
  { path: '/v1/models/add:predict', body: Buffer.from('{"instances":[{"a":[1,2],"b":[3,4]}]}') },
  { path: '/v1/models/add:predict', body: Buffer.from('{"inputs":{"a":[[1,2]],"b":[[3,4]]}}') },
  { path: '/v1/models/add:classify', body: Buffer.from('{"examples":[{"a":1,"b":{"b64":"AAAA"}}]}') },
  {
    path: '/v1/models/add:predict',
    body: Buffer.from(
      '{"specversion":"1.0","id":"1","source":"s","type":"t","data":{"inputs":{"a":[[1,2]],"b":[[3,4]]}}}',
    ),
    headers: { 'content-type': 'application/cloudevents+json' },
  },
]

const CALLS = [
  { service: INFERENCE, method: 'Predictions' },
  { service: 'inference.GRPCInferenceService', method: 'ModelInfer' },
  { service: 'inference.GRPCInferenceService', method: 'ModelConfig' },
  { service: 'inference.GRPCInferenceService', method: 'RepositoryModelLoad' },
  { service: 'inference.GRPCInferenceService', method: 'TraceSetting' },
  { service: 'tensorflow.serving.PredictionService', method: 'Predict' },
  { service: 'tensorflow.serving.PredictionService', method: 'Classify' },
  { service: 'tensorflow.serving.ModelService', method: 'HandleReloadConfigRequest' },
] as const

/** A valid body with something done to it, or no body at all that anybody would send. */
function bodiesLike(body: Uint8Array): fc.Arbitrary<Uint8Array> {
  const at = fc.nat(Math.max(0, body.length - 1))
  const changed = fc.array(fc.tuple(at, fc.nat(255)), { minLength: 1, maxLength: 6 }).map((changes) => {
    const copy = Uint8Array.from(body)
    for (const [position, value] of changes) copy[position] = value
    return copy
  })
  const cut = at.map((end) => body.slice(0, end))
  const doubled = fc
    .tuple(at, at)
    .map(([from, to]) => Buffer.concat([body.subarray(0, to), body.subarray(from)]))
  const number = fc.constantFrom(
    '-1',
    '1e400',
    '9007199254740993',
    '18446744073709551616',
    'NaN',
    '[]',
    '{}',
    'null',
    '"x"',
  )
  const renumbered = fc.tuple(fc.nat(40), number).map(([which, value]) => {
    let seen = 0
    const text = Buffer.from(body).toString('latin1')
    return Buffer.from(
      text.replace(/\d+/g, (digits) => (seen++ === which ? value : digits)),
      'latin1',
    )
  })
  return fc.oneof(
    changed,
    cut,
    doubled,
    renumbered,
    fc.uint8Array({ maxLength: 200 }),
    fc.json().map((text) => Buffer.from(text)),
  )
}

/** A mistake of the client's, or no mistake after all. Of the fives only what says that this is not served. */
const DOCUMENTED = new Set([200, 400, 403, 404, 409, 413, 415, 422, 429, 501])
const DOCUMENTED_CODES = new Set<number>([
  status.OK,
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.FAILED_PRECONDITION,
  status.PERMISSION_DENIED,
  status.UNIMPLEMENTED,
])

async function residentMebibytes(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1]) / 1024
}

describe('any bytes', function () {
  this.timeout(120_000)
  let modelStore: string
  let server: ServerProcess
  let agent: Agent

  before(async () => {
    modelStore = await temporaryDirectory()
    await packTestArchive(modelStore, { modelName: 'add', version: '1', model: twoInputAdd() })
    server = await ServerProcess.start({ modelStore, args: ['--load-models', 'all'] })
    agent = new Agent({ keepAlive: true })
  })

  after(async () => {
    agent.destroy()
    await server.stop()
    await removeDirectory(modelStore)
  })

  for (const { path, body, headers = { 'content-type': 'application/json' } } of ENDPOINTS) {
    it(`sent to ${path} like ${Buffer.from(body.subarray(0, 24)).toString()}… get a result or a documented refusal`, () =>
      fc.assert(
        fc.asyncProperty(bodiesLike(body), async (bytes) => {
          const answer = await http(`${server.inference}${path}`, {
            method: 'POST',
            body: bytes,
            headers,
            agent,
          })
          assert.ok(DOCUMENTED.has(answer.status), `${answer.status} ${answer.text}`)
        }),
        { numRuns: RUNS },
      ))
  }

  it('in the length of the JSON part get a result or a documented refusal', () =>
    fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.integer().map(String), fc.constantFrom('0', '00', '99999999999', '1e2', ' ', '0x10')),
        async (length) => {
          const body = Buffer.concat([Buffer.from(V2_BINARY_HEAD), Buffer.alloc(16, 1)])
          const answer = await http(`${server.inference}/v2/models/add/infer`, {
            method: 'POST',
            body,
            headers: { 'inference-header-content-length': length },
            agent,
          })
          assert.ok(DOCUMENTED.has(answer.status), `${answer.status} ${answer.text}`)
        },
      ),
      { numRuns: RUNS },
    ))

  for (const { service, method } of CALLS) {
    it(`sent to ${method} get a result or a documented status`, async () => {
      const client = new GrpcClient(server.grpcInference, service, { definitions: EXACT_DEFINITIONS })
      const run = async (bytes: Uint8Array) => {
        const error = await client.raw(method, Buffer.from(bytes))
        const code = error?.code ?? status.OK
        assert.ok(DOCUMENTED_CODES.has(code), `${code} ${error?.details ?? ''}`)
      }
      try {
        await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), run), { numRuns: RUNS })
      } finally {
        client.close()
      }
    })
  }

  it('leave the server well, and its memory bounded', async () => {
    const answer = await http(`${server.inference}/v2/models/add/infer`, {
      method: 'POST',
      body: JSON.stringify({ inputs: V2_TENSORS }),
    })
    assert.equal(answer.status, 200)
    const megabytes = await residentMebibytes(server.pid)
    assert.ok(megabytes < MAX_MEBIBYTES, `${megabytes} MiB`)
  })
})

/** A frontend takes some 100 MiB when it starts. */
const MAX_MEBIBYTES = 400
