import assert from 'node:assert/strict'
import SwaggerParser from '@apidevtools/swagger-parser'
import { SchemaValidator, schemaPointer } from '../../support/schema-validator.ts'
import { OPEN_INFERENCE_REST } from './open-inference-rest.ts'
import { OipServer } from './oip-server.ts'
import { addSub, input, ROW } from './requests.ts'

type Exchange = {
  /** In the words of the document. */
  readonly template: string
  readonly path: string
  readonly json?: unknown
  readonly status: number
}

const MODEL = '/v2/models/{model_name}'
const VERSION = `${MODEL}/versions/{model_version}`

const EXCHANGES: readonly Exchange[] = [
  { template: '/v2', path: '/v2', status: 200 },
  { template: '/v2/health/live', path: '/v2/health/live', status: 200 },
  { template: '/v2/health/ready', path: '/v2/health/ready', status: 200 },
  { template: MODEL, path: '/v2/models/addsub', status: 200 },
  { template: VERSION, path: '/v2/models/addsub/versions/1.0', status: 200 },
  { template: MODEL, path: '/v2/models/unknown', status: 404 },
  { template: MODEL, path: '/v2/models/idle', status: 503 },
  { template: `${MODEL}/ready`, path: '/v2/models/addsub/ready', status: 200 },
  { template: `${VERSION}/ready`, path: '/v2/models/addsub/versions/1.0/ready', status: 200 },
  { template: `${MODEL}/ready`, path: '/v2/models/idle/ready', status: 503 },
  { template: `${MODEL}/ready`, path: '/v2/models/unknown/ready', status: 404 },
  { template: `${MODEL}/infer`, path: '/v2/models/addsub/infer', json: addSub(2, { id: 'a1' }), status: 200 },
  { template: `${VERSION}/infer`, path: '/v2/models/id_fp32/versions/1.0/infer', json: ROW, status: 200 },
  {
    template: `${MODEL}/infer`,
    path: '/v2/models/id_bytes/infer',
    json: { inputs: [input('BYTES', [2], { data: ['', 'é'] })] },
    status: 200,
  },
  {
    template: `${MODEL}/infer`,
    path: '/v2/models/id_bool/infer',
    json: { inputs: [input('BOOL', [1], { data: [true] })] },
    status: 200,
  },
  { template: `${MODEL}/infer`, path: '/v2/models/id_fp32/infer', json: { inputs: [] }, status: 400 },
  { template: `${MODEL}/infer`, path: '/v2/models/unknown/infer', json: ROW, status: 404 },
  { template: `${MODEL}/infer`, path: '/v2/models/idle/infer', json: ROW, status: 503 },
]

describe('the OpenAPI document of the Open Inference Protocol', function () {
  this.timeout(60_000)
  let server: OipServer
  let own: { readonly paths: object }
  before(async () => {
    server = await OipServer.start()
    own = JSON.parse((await server.ask('/', { method: 'OPTIONS' })).text) as typeof own
  })
  after(() => server.stop())

  it('is one', async () => {
    await SwaggerParser.validate(structuredClone(OPEN_INFERENCE_REST) as never)
  })

  for (const exchange of EXCHANGES) {
    const { path, json, status } = exchange
    const method = json === undefined ? 'get' : 'post'
    const title = `${method.toUpperCase()} ${path} → ${status}`

    it(`describes ${title}, and so does the server's own`, async () => {
      const body = json === undefined ? {} : { body: JSON.stringify(json) }
      const answer = await server.ask(path, body)
      assert.equal(answer.status, status, answer.text)
      assert.equal(answer.headers['content-type'], 'application/json')
      const value: unknown = JSON.parse(answer.text)
      for (const document of [OPEN_INFERENCE_REST, own]) {
        assert.equal(new SchemaValidator(document).problems(answerSchema(document, exchange), value), '')
      }
    })
  }

  it('describes no answer that lacks a member, or has another', () => {
    const validator = new SchemaValidator(OPEN_INFERENCE_REST)
    const schema = schemaPointer('components', 'schemas', 'inference_response')
    const answer = { model_name: 'addsub', outputs: [{ name: 'y', shape: [1], datatype: 'FP32', data: [1] }] }
    assert.equal(validator.problems(schema, answer), '')
    assert.match(validator.problems(schema, { outputs: [] }), /model_name/)
    assert.match(validator.problems(schema, { ...answer, extra: 1 }), /extra/)
    assert.match(validator.problems(schema, { ...answer, outputs: [{ name: 'y' }] }), /datatype/)
  })

  const requests = EXCHANGES.filter(({ json }) => json !== undefined)
  for (const { template, path, json, status } of requests) {
    it(`describes the request of POST ${path} → ${status}`, () => {
      const schema = [
        ...operationPath(template, 'post'),
        'requestBody',
        'content',
        'application/json',
        'schema',
      ]
      for (const document of [OPEN_INFERENCE_REST, own]) {
        assert.equal(new SchemaValidator(document).problems(schemaPointer(...schema), json), '')
      }
    })
  }
})

const operationPath = (template: string, method: string) => ['paths', template, method]

function answerSchema(document: { readonly paths: object }, { template, json, status }: Exchange): string {
  const operation = operationPath(template, json === undefined ? 'get' : 'post')
  const { responses } = operation.reduce<Record<string, object>>(
    (value, name) => value[name] as Record<string, object>,
    document as unknown as Record<string, object>,
  )
  const described = String(status) in (responses ?? {}) ? String(status) : 'default'
  return schemaPointer(...operation, 'responses', described, 'content', 'application/json', 'schema')
}
