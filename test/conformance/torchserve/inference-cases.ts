import type { Case } from './case.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' }
const BOUNDARY = 'b0undary'
const MULTIPART_TYPE = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` }

type Part = {
  readonly name: string
  readonly content: string
  readonly file?: string
  readonly type?: string
}

function multipart(...parts: readonly Part[]): string {
  const written = parts.map(({ name, content, file, type }) => {
    const fileName = file === undefined ? '' : `; filename="${file}"`
    const contentType = type === undefined ? '' : `content-type: ${type}\r\n`
    return `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"${fileName}\r\n${contentType}\r\n${content}\r\n`
  })
  return `${written.join('')}--${BOUNDARY}--\r\n`
}

const ROWS = JSON.stringify({ x: [[1, 2, 3, 4]] })

function echoed(data: unknown, more: { readonly explain?: string; readonly urlPath?: string } = {}): unknown {
  return { data, explain: more.explain ?? 'False', urlPath: more.urlPath ?? '' }
}

/** §3 and §3.2: every route of inference, and what the handler sees of each form of request. */
export const INFERENCE_CASES: readonly Case[] = [
  {
    it: '§3 health',
    listener: 'inference',
    path: '/ping',
    strict: { status: 200, json: { status: 'Healthy' }, headers: { 'content-type': /^application\/json/ } },
  },
  {
    it: '§3.2 JSON is parsed',
    listener: 'inference',
    path: '/predictions/echo',
    headers: JSON_TYPE,
    body: '{"a": [1, 2]}',
    strict: { status: 200, json: echoed({ body: { a: [1, 2] } }) },
  },
  {
    it: '§3.2 text is a string',
    listener: 'inference',
    path: '/predictions/echo',
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body: 'grüße',
    strict: { status: 200, json: echoed({ body: 'grüße' }) },
  },
  {
    it: '§3.2 anything else is bytes',
    listener: 'inference',
    path: '/predictions/echo',
    headers: { 'content-type': 'application/octet-stream' },
    body: 'raw',
    strict: { status: 200, json: echoed({ body: { bytes: 'raw' } }) },
  },
  {
    it: '§3.2 a body without a type is bytes',
    listener: 'inference',
    path: '/predictions/echo',
    body: 'raw',
    strict: { status: 200, json: echoed({ body: { bytes: 'raw' } }) },
  },
  {
    it: '§3.2 JSON that does not parse stays bytes',
    listener: 'inference',
    path: '/predictions/echo',
    headers: JSON_TYPE,
    body: '{"a": ',
    strict: { status: 200, json: echoed({ body: { bytes: '{"a": ' } }) },
  },
  {
    it: '§3.2 form fields come by name',
    listener: 'inference',
    path: '/predictions/echo',
    headers: FORM_TYPE,
    body: 'colour=red&year=1959',
    strict: { status: 200, json: echoed({ colour: { bytes: 'red' }, year: { bytes: '1959' } }) },
  },
  {
    it: '§3.2 parts come by name, each with its own type',
    listener: 'inference',
    path: '/predictions/echo',
    headers: MULTIPART_TYPE,
    body: multipart(
      { name: 'plain', content: 'a' },
      { name: 'data', content: '[1]', file: 'a.json', type: 'application/json' },
      { name: 'note', content: 'b', file: 'b.txt', type: 'text/plain' },
    ),
    strict: { status: 200, json: echoed({ plain: { bytes: 'a' }, data: [1], note: 'b' }) },
  },
  {
    it: '§3 a version in the path',
    listener: 'inference',
    path: '/predictions/echo/1.0',
    headers: JSON_TYPE,
    body: '1',
    strict: { status: 200, json: echoed({ body: 1 }) },
  },
  {
    it: '§3 the rest of the path reaches the handler',
    listener: 'inference',
    path: '/predictions/echo/1.0/v1/chat/completions',
    headers: JSON_TYPE,
    body: '1',
    strict: { status: 200, json: echoed({ body: 1 }, { urlPath: 'v1/chat/completions' }) },
  },
  {
    it: '§1 a trailing slash is harmless',
    listener: 'inference',
    path: '/predictions/echo/',
    headers: JSON_TYPE,
    body: '1',
    strict: { status: 200, json: echoed({ body: 1 }) },
  },
  {
    it: '§3.2 the query is no input of /predictions',
    listener: 'inference',
    path: '/predictions/echo?colour=red',
    headers: JSON_TYPE,
    body: '1',
    strict: { status: 200, json: echoed({ body: 1 }) },
  },
  {
    it: '§3 explain',
    listener: 'inference',
    path: '/explanations/stream',
    body: 'x',
    strict: { status: 200, body: /^because$/ },
  },
  {
    it: '§3 explain with a version',
    listener: 'inference',
    path: '/explanations/stream/1.0',
    body: 'x',
    strict: { status: 200, body: /^because$/ },
  },
  {
    it: '§3 KServe v1 predict',
    listener: 'inference',
    path: '/v1/models/echo:predict',
    headers: JSON_TYPE,
    body: '1',
    strict: { status: 200, json: echoed({ body: 1 }) },
  },
  {
    it: '§3 KServe v1 explain',
    listener: 'inference',
    path: '/v1/models/stream:explain',
    body: 'x',
    strict: { status: 200, body: /^because$/ },
  },
  {
    it: '§3 SageMaker, the model in the query',
    listener: 'inference',
    path: '/invocations?model_name=echo',
    headers: JSON_TYPE,
    body: '1',
    strict: { status: 200, body: /"body": ?1/ },
  },
  {
    it: '§3 SageMaker, the model in a field',
    listener: 'inference',
    path: '/invocations',
    headers: FORM_TYPE,
    body: 'model_name=echo&colour=red',
    strict: { status: 200, body: /"colour":/ },
  },
  {
    it: '§2 SageMaker without a model that could be meant',
    listener: 'inference',
    path: '/invocations',
    headers: JSON_TYPE,
    body: '1',
    strict: { status: 400, error: 'BadRequestException', body: /model_name/ },
  },
  {
    it: '§3 SageMaker multi-model',
    listener: 'inference',
    path: '/models/echo/invoke',
    headers: JSON_TYPE,
    body: '1',
    strict: { status: 200, body: /"body": ?1/ },
  },
  {
    it: '§3 legacy, query parameters are inputs',
    listener: 'inference',
    path: '/echo/predict?colour=red',
    strict: { status: 200, body: /"colour":/ },
  },
  {
    it: '§3 legacy with a version',
    listener: 'inference',
    path: '/echo/1.0/predict',
    headers: JSON_TYPE,
    body: '1',
    strict: { status: 200, body: /"body": ?1/ },
  },
  {
    it: '§3 description of the listener',
    listener: 'inference',
    method: 'OPTIONS',
    path: '/',
    strict: { status: 200, body: /"openapi": ?"3\.[01]/ },
  },
  {
    it: '§3 description of the listener by GET',
    listener: 'inference',
    path: '/api-description',
    strict: { status: 200, body: [/"openapi"/, /\/predictions\/\{model_name\}/] },
  },
  {
    it: '§3 description of a model',
    listener: 'inference',
    method: 'OPTIONS',
    path: '/predictions/tiny',
    strict: { status: 200, body: [/"openapi"/, /tiny/] },
  },
  {
    it: '§3 description of an unknown model',
    listener: 'inference',
    method: 'OPTIONS',
    path: '/predictions/nobody',
    strict: { status: 404, error: 'ModelNotFoundException', body: /nobody/ },
  },
  {
    it: '§1 predict by GET',
    listener: 'inference',
    method: 'GET',
    path: '/predictions/echo',
    strict: { status: 405, error: 'MethodNotAllowedException', headers: { allow: /POST/ } },
    torchserve: { status: 200 },
  },
  {
    it: '§3 the graph itself',
    listener: 'inference',
    path: '/predictions/tiny',
    headers: JSON_TYPE,
    body: ROWS,
    strict: { status: 200, body: /"y"/ },
  },
]
