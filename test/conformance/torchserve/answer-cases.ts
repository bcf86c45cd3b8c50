import type { Case } from './case.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

function wish(body: string): Pick<Case, 'listener' | 'path' | 'body'> {
  return { listener: 'inference', path: '/predictions/outcomes', body }
}

/** §1, §2 and §3.3: what becomes of a handler's answers and failures, and what every answer carries. */
export const ANSWER_CASES: readonly Case[] = [
  {
    it: '§3.3 a string',
    ...wish('plain'),
    strict: { status: 200, body: /^plain$/, headers: { 'content-type': /^text\/plain/ } },
  },
  {
    it: '§3.3 bytes',
    ...wish('bytes'),
    strict: {
      status: 200,
      headers: { 'content-type': /^application\/octet-stream/, 'content-length': /^3$/ },
    },
  },
  { it: '§3.3 anything else is JSON', ...wish('json'), strict: { status: 200, json: { answer: [1, 2] } } },
  {
    it: '§3.3 a content type that the handler sets',
    ...wish('typed'),
    strict: { status: 200, body: /^a,b$/, headers: { 'content-type': /^text\/csv/ } },
  },
  {
    it: '§2 a status of its own passes through, with its body',
    ...wish('599'),
    strict: { status: 599, body: /^unusual$/, headers: { 'x-vintage': /^1959$/ } },
  },
  {
    it: '§2 PredictionException',
    ...wish('exception'),
    strict: { status: 418, error: 'InternalServerException', body: /no more wine/ },
  },
  {
    it: '§2 a handler that throws',
    ...wish('throw'),
    strict: { status: 500, error: 'InternalServerException', body: /^(?![^]*secret)/ },
    torchserve: { status: 503, error: 'InternalServerException', body: /^(?![^]*secret)/ },
  },
  {
    it: '§1 an id is always there',
    listener: 'inference',
    path: '/ping',
    strict: { status: 200, headers: { 'x-request-id': /./ } },
  },
  {
    it: "§1 the caller's id",
    listener: 'inference',
    path: '/ping',
    headers: { 'x-request-id': 'mine-1' },
    strict: { status: 200, headers: { 'x-request-id': /^mine-1$/ } },
  },
  {
    it: '§1 no cache keeps an answer',
    listener: 'inference',
    path: '/ping',
    strict: { status: 200 },
    torchserve: {
      status: 200,
      headers: { pragma: /no-cache/, 'cache-control': /no-store/, expires: /1970/ },
    },
  },
  {
    it: '§1 the connection after an error',
    listener: 'inference',
    path: '/predictions/nobody',
    body: 'x',
    strict: { status: 404, error: 'ModelNotFoundException', headers: { connection: /keep-alive/ } },
    torchserve: { status: 404, error: 'ModelNotFoundException', headers: { connection: /close/ } },
  },
  {
    it: '§2 an unknown version',
    listener: 'inference',
    path: '/predictions/tiny/9.9',
    body: 'x',
    strict: { status: 404, error: 'ModelVersionNotFoundException', body: [/9\.9/, /tiny/] },
  },
  {
    it: '§2 an unknown path',
    listener: 'inference',
    path: '/nowhere',
    strict: { status: 404, error: 'ResourceNotFoundException' },
  },
  {
    it: '§2 the root by GET',
    listener: 'management',
    path: '/',
    strict: { status: 200, body: /"POST \/models"/ },
    torchserve: { status: 405, error: 'MethodNotAllowedException' },
  },
  {
    it: '§2 a wrong method',
    listener: 'management',
    method: 'PATCH',
    path: '/models/tiny',
    strict: { status: 405, error: 'MethodNotAllowedException', headers: { allow: /GET/ } },
  },
  {
    it: '§2 a body that is too large',
    listener: 'inference',
    path: '/predictions/small',
    body: 'x'.repeat(2000),
    strict: { status: 413, body: /1000/ },
    torchserve: { status: 413, body: /^$/ },
  },
  {
    it: '§2 a model without workers',
    listener: 'inference',
    path: '/predictions/idle',
    headers: JSON_TYPE,
    body: '{}',
    strict: {
      status: 503,
      error: 'ServiceUnavailableException',
      body: /idle/,
      headers: { 'x-reject-reason': /no_worker/, 'retry-after': /\d/ },
    },
    torchserve: {
      status: 503,
      error: 'ServiceUnavailableException',
      headers: { 'x-reject-reason': null, 'retry-after': null },
    },
  },
]
