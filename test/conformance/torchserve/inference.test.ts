import assert from 'node:assert/strict'
import { COMPATIBILITIES, type Compatibility } from '../../../frontend/protocols/torchserve/quirks.ts'
import { packTestArchive } from '../../support/archives.ts'
import { http, type HttpAnswer } from '../../support/http-client.ts'
import { mlp } from '../../support/mlp.ts'
import { removeDirectory, ServerProcess, temporaryDirectory } from '../../support/server-process.ts'

/** A function of every outcome that a handler can bring about. */
const HANDLER = `
import { defineHandler, HandlerError, PredictionException } from 'onnxserve/handler'

export default defineHandler({
  async handle(requests) {
    return Promise.all(requests.map(answer))
  },
  explain(requests) {
    return requests.map(() => ({ explanation: true }))
  },
})

async function answer(request) {
  const order = Buffer.from((request.part('order') ?? request.part('body') ?? { bytes: '' }).bytes).toString()
  const { response } = request
  if (order === 'throw') throw new Error('a bug')
  if (order === 'refuse') throw new HandlerError('invalid_argument', 'not like this')
  if (order.startsWith('status ')) throw new PredictionException('as it likes', Number(order.slice(7)))
  if (order === 'loop') for (;;);
  if (order === 'teapot') {
    response.status = 418
    response.headers['x-kind'] = 'pot'
  }
  if (order === 'html') response.contentType = 'text/html'
  if (order === 'bytes') return Uint8Array.of(1, 2, 3)
  if (order === 'json') return { order }
  return order + (request.headers.url_path ?? '')
}
`

type Expected = {
  readonly status: number
  /** The type of an error. */
  readonly type?: string
  readonly text?: string
  /** Names of the members of a JSON object. */
  readonly members?: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
}

type Case = {
  readonly call: string
  readonly body?: string
  readonly contentType?: string
  readonly strict: Expected
  /** Absent: as strict. */
  readonly torchserve?: Expected
}

const OK = { status: 200 }
const NOT_ALLOWED = { status: 405, type: 'MethodNotAllowedException' }
const NO_ROUTE = { status: 404, type: 'ResourceNotFoundException' }
const NO_MODEL = { status: 404, type: 'ModelNotFoundException' }
const NO_VERSION = { status: 404, type: 'ModelVersionNotFoundException' }
const BAD_REQUEST = { status: 400, type: 'BadRequestException' }
const FORM = 'application/x-www-form-urlencoded'
const JSON_TYPE = 'application/json'
const ROW = '{"x":[[1,2,3,4]]}'

const CASES: readonly Case[] = [
  {
    call: 'POST /predictions/tiny',
    body: ROW,
    contentType: JSON_TYPE,
    strict: { ...OK, headers: { 'content-type': JSON_TYPE } },
  },
  { call: 'POST /predictions/tiny/1.0', body: ROW, contentType: JSON_TYPE, strict: OK },
  { call: 'PUT /predictions/tiny', body: ROW, contentType: JSON_TYPE, strict: OK },
  { call: 'POST /predictions/tiny', body: 'x=[[1,2,3,4]]', contentType: FORM, strict: OK },
  { call: 'POST /predictions/tiny', body: ROW, contentType: FORM, strict: OK },
  {
    call: 'POST /v1/models/tiny:predict',
    body: ROW,
    contentType: JSON_TYPE,
    strict: { status: 400, members: ['error'] },
    torchserve: OK,
  },
  { call: 'POST /models/tiny/invoke', body: ROW, contentType: JSON_TYPE, strict: OK },
  { call: 'POST /invocations?model_name=tiny', body: ROW, contentType: JSON_TYPE, strict: OK },
  { call: 'POST /invocations', body: 'model_name=tiny&x=[[1,2,3,4]]', contentType: FORM, strict: OK },
  { call: 'POST /invocations', body: ROW, contentType: JSON_TYPE, strict: BAD_REQUEST },
  { call: 'GET /tiny/predict?x=[[1,2,3,4]]', strict: OK },
  { call: 'POST /tiny/1.0/predict?x=[[1,2,3,4]]', strict: OK },
  {
    call: 'POST /predictions/acts',
    body: 'hello',
    strict: { ...OK, text: 'hello', headers: { 'content-type': 'text/plain; charset=utf-8' } },
  },
  { call: 'POST /predictions/acts', body: 'hello', contentType: FORM, strict: { ...OK, text: 'hello' } },
  { call: 'POST /predictions/acts/1.0/v1/chat', body: 'at ', strict: { ...OK, text: 'at v1/chat' } },
  {
    call: 'POST /predictions/acts',
    body: 'bytes',
    strict: { ...OK, headers: { 'content-type': 'application/octet-stream' } },
  },
  { call: 'POST /predictions/acts', body: 'json', strict: { ...OK, text: '{"order":"json"}' } },
  {
    call: 'POST /predictions/acts',
    body: 'html',
    strict: { ...OK, headers: { 'content-type': 'text/html' } },
  },
  {
    call: 'POST /predictions/acts',
    body: 'teapot',
    strict: { status: 418, text: 'teapot', headers: { 'x-kind': 'pot' } },
  },
  { call: 'POST /explanations/acts', body: 'x', strict: { ...OK, text: '{"explanation":true}' } },
  { call: 'POST /explanations/acts/1.0', body: 'x', strict: OK },
  { call: 'POST /v1/models/acts:explain', body: 'x', strict: OK },
  { call: 'POST /explanations/tiny', body: ROW, strict: { status: 501, type: 'NotImplementedException' } },
  { call: 'OPTIONS /', strict: OK },
  { call: 'GET /api-description', strict: OK },
  { call: 'OPTIONS /predictions/tiny', strict: OK },
  { call: 'OPTIONS /predictions/nothing', strict: NO_MODEL },
  { call: 'GET /ping', strict: { ...OK, text: '{\n  "status": "Healthy"\n}\n' } },
  { call: 'GET /', strict: OK, torchserve: NOT_ALLOWED },
  { call: 'GET /predictions/acts', strict: NOT_ALLOWED, torchserve: OK },
  { call: 'POST /predictions/acts/1.0/', body: 'x', strict: OK },
  { call: 'POST /predictions/nothing', body: ROW, strict: NO_MODEL },
  { call: 'POST /predictions/tiny/9.9', body: ROW, strict: NO_VERSION },
  { call: 'POST /explanations/nothing', strict: NO_MODEL },
  { call: 'POST /nothing/predict', strict: NO_MODEL },
  {
    call: 'POST /v1/models/nothing:predict',
    strict: { status: 404, members: ['error'] },
    torchserve: NO_MODEL,
  },
  { call: 'POST /wfpredict/nothing', strict: { status: 404, type: 'WorkflowNotFoundException' } },
  { call: 'POST /predictions', strict: NO_ROUTE },
  { call: 'POST /no/such/route', strict: NO_ROUTE },
  { call: 'POST /predictions/tiny', body: '{"x":[[1,2', contentType: JSON_TYPE, strict: BAD_REQUEST },
  { call: 'POST /predictions/tiny', body: '{"z":[[1]]}', contentType: JSON_TYPE, strict: BAD_REQUEST },
  { call: 'POST /predictions/acts', body: 'refuse', strict: BAD_REQUEST },
  {
    call: 'POST /predictions/tiny',
    body: '-'.repeat(5000),
    contentType: 'multipart/form-data',
    strict: BAD_REQUEST,
  },
  ...[400, 404, 413, 500, 503, 504, 599].map((status) => ({
    call: 'POST /predictions/acts',
    body: `status ${status}`,
    strict: { status, type: 'InternalServerException', text: chosenError(status) },
  })),
  {
    call: 'POST /predictions/wrapped',
    body: '{"instances":[[1,2,3,4],[1,2,3,4]]}',
    contentType: JSON_TYPE,
    strict: { ...OK, members: ['predictions'] },
  },
  {
    call: 'POST /predictions/acts',
    body: 'throw',
    strict: { status: 500, type: 'InternalServerException' },
    torchserve: { status: 503, type: 'InternalServerException' },
  },
  {
    call: 'POST /predictions/acts',
    body: 'loop',
    strict: { status: 504, type: 'GatewayTimeoutException' },
    torchserve: { status: 500, type: 'InternalServerException' },
  },
  {
    call: 'POST /predictions/idle',
    body: ROW,
    strict: { status: 503, type: 'ServiceUnavailableException', headers: { 'retry-after': '1' } },
    torchserve: { status: 503, type: 'ServiceUnavailableException' },
  },
  {
    call: 'POST /predictions/tiny',
    body: '1'.repeat(20_001),
    strict: { status: 413, type: 'RequestEntityTooLargeException' },
    torchserve: { status: 413, text: '' },
  },
]

for (const compatibility of COMPATIBILITIES) {
  describe(`TorchServe's inference API with compatibility=${compatibility}`, function () {
    this.timeout(60_000)
    let modelStore: string
    let server: ServerProcess

    before(async () => {
      modelStore = await temporaryDirectory()
      const model = mlp([4, 16, 3], 1)
      await packTestArchive(modelStore, { modelName: 'tiny', model })
      await packTestArchive(modelStore, { modelName: 'idle', model })
      await packTestArchive(modelStore, { modelName: 'wrapped', model, config: 'serviceEnvelope: json\n' })
      await packTestArchive(modelStore, {
        modelName: 'acts',
        handler: HANDLER,
        config: 'inferenceTimeoutMs: 1000\n',
      })
      server = await startServer(modelStore, compatibility)
      const scaled = await http(`${server.management}/models/idle?min_worker=0&synchronous=true`, {
        method: 'PUT',
      })
      assert.equal(scaled.status, 200, scaled.text)
    })

    after(async () => {
      await server.stop()
      await removeDirectory(modelStore)
    })

    for (const { call, body, contentType, strict, torchserve = strict } of CASES) {
      const expected = compatibility === 'strict' ? strict : torchserve
      const what = body === undefined ? call : `${call} ${body.slice(0, 40)}`
      it(`answers ${expected.status} ${expected.type ?? ''} to ${what}`, async () => {
        const [method = '', path = ''] = call.split(' ')
        const answer = await http(`${server.inference}${encodeURI(path)}`, {
          method,
          ...(body === undefined ? {} : { body }),
          ...(contentType === undefined ? {} : { headers: { 'content-type': contentType } }),
        })
        assert.deepEqual(seen(answer, expected), expected, answer.text)
      })
    }
  })
}

function chosenError(code: number): string {
  const error = { code, type: 'InternalServerException', message: 'as it likes' }
  return `${JSON.stringify(error, undefined, 2)}\n`
}

/** With TorchServe's manners, tokens would be asked for. */
const ARGUMENTS = ['--max-request-bytes', '20000', '--disable-token-auth']

function startServer(modelStore: string, compatibility: Compatibility): Promise<ServerProcess> {
  return ServerProcess.start({
    modelStore,
    args: ['--load-models', 'all', '--compatibility', compatibility, ...ARGUMENTS],
  })
}

/** What an answer shows of what is expected. */
function seen({ status, headers, text }: HttpAnswer, expected: Expected) {
  const names = Object.keys(expected.headers ?? {})
  return {
    status,
    ...(expected.type === undefined ? {} : { type: (JSON.parse(text) as { type: string }).type }), // an error body
    ...(expected.text === undefined ? {} : { text }),
    ...(expected.members === undefined ? {} : { members: Object.keys(JSON.parse(text) as object) }),
    ...(expected.headers === undefined
      ? {}
      : { headers: Object.fromEntries(names.map((name) => [name, headers[name]])) }),
  }
}
