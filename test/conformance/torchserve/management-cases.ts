import type { Case, Expected } from './case.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

type Manage = { readonly method: string; readonly path: string; readonly body?: unknown }

function manage({
  method,
  path,
  body,
}: Manage): Pick<Case, 'listener' | 'method' | 'path' | 'headers' | 'body'> {
  const json = body === undefined ? {} : { headers: JSON_TYPE, body: JSON.stringify(body) }
  return { listener: 'management', method, path, ...json }
}

const done = (...body: readonly RegExp[]): Expected => ({ status: 200, body: [/"status": /, ...body] })

/** §4.1 to §4.8 in the order of a model's life: register, list, describe, scale, set the default, unregister. */
export const MANAGEMENT_CASES: readonly Case[] = [
  {
    it: '§4.1 the archive must be named',
    ...manage({ method: 'POST', path: '/models' }),
    strict: { status: 400, error: 'BadRequestException', body: /url/ },
  },
  {
    it: '§4.1 no such archive',
    ...manage({ method: 'POST', path: '/models?url=missing.mar' }),
    strict: { status: 404, error: 'ModelNotFoundException', body: /missing\.mar/ },
  },
  {
    it: '§4.1 a name that leaves the store',
    ...manage({ method: 'POST', path: '/models?url=..%2Fother.mar' }),
    strict: { status: 400, error: 'BadRequestException', body: /other\.mar/ },
    torchserve: { status: 404, error: 'ModelNotFoundException', body: /other\.mar/ },
  },
  {
    it: '§4.1 a URL that no list allows',
    ...manage({ method: 'POST', path: '/models?url=https%3A%2F%2Fexample.com%2Fm.mar' }),
    strict: { status: 403, body: /allowed_urls/ },
    torchserve: { status: 404, error: 'ModelNotFoundException', body: /example\.com/ },
  },
  {
    it: '§4.1 a runtime that does not exist',
    ...manage({ method: 'POST', path: '/models?url=grown.mar&runtime=cobol' }),
    strict: { status: 400, error: 'BadRequestException', body: /cobol/ },
  },
  {
    it: '§4.1 an integer that is none',
    ...manage({ method: 'POST', path: '/models?url=grown.mar&batch_size=many&initial_workers=0' }),
    strict: { status: 400, error: 'BadRequestException', body: [/batch_size/, /many/] },
    torchserve: done(/grown/),
  },
  {
    it: '§4.1 register without workers',
    ...manage({ method: 'POST', path: '/models?url=plain.mar&initial_workers=0' }),
    strict: done(/\\"plain\\"/, /1\.0/, /0 initial workers/),
  },
  {
    it: '§4.1 register by a JSON body, numbers as strings',
    ...manage({
      method: 'POST',
      path: '/models',
      body: {
        url: 'other.mar',
        initial_workers: '1',
        synchronous: 'true',
        batch_size: 4,
        max_batch_delay: '20',
      },
    }),
    strict: done(/\\"other\\"/, /1 initial workers/),
  },
  {
    it: '§4.1 register the same archive again',
    ...manage({ method: 'POST', path: '/models?url=other.mar&initial_workers=1' }),
    strict: done(/registered before from the same archive/),
    torchserve: { status: 409, error: 'ConflictStatusException', body: [/1\.0/, /other/] },
  },
  {
    it: '§4.1 another archive of the same version',
    ...manage({
      method: 'POST',
      path: '/models?url=other-1.0-changed.mar&model_name=other&initial_workers=0',
    }),
    strict: { status: 409, error: 'ConflictStatusException', body: [/1\.0/, /other/] },
  },
  {
    it: '§4.1 a second version does not become the default',
    ...manage({ method: 'POST', path: '/models?url=other-2.0.mar&initial_workers=1&synchronous=true' }),
    strict: done(/\\"other\\"/, /2\.0/),
  },
  {
    it: '§4.1 an asynchronous registration',
    ...manage({ method: 'POST', path: '/models?url=other-3.0.mar&initial_workers=1&synchronous=false' }),
    strict: { status: 202, body: /"status": / },
  },
  {
    it: '§4.1 workers that cannot start',
    ...manage({ method: 'POST', path: '/models?url=unloadable.mar&initial_workers=1&synchronous=true' }),
    strict: { status: 500, error: 'InternalServerException', body: [/unloadable/, /1\.0/, /no grapes/] },
  },
  {
    it: '§4.1 … are unregistered again',
    ...manage({ method: 'GET', path: '/models/unloadable' }),
    strict: { status: 404, error: 'ModelNotFoundException', body: /unloadable/ },
  },
  {
    it: '§4.2 the first page of the list, by name',
    ...manage({ method: 'GET', path: '/models?limit=1' }),
    strict: { status: 200, body: [/"nextPageToken": "1"/, /"modelName": "echo"/, /"modelUrl": "echo\.mar"/] },
  },
  {
    it: '§4.2 past the end of the list',
    ...manage({ method: 'GET', path: '/models?limit=100&next_page_token=90' }),
    strict: { status: 200, json: { models: [] } },
  },
  {
    it: '§4.2 a limit that is none',
    ...manage({ method: 'GET', path: '/models?limit=-1' }),
    strict: { status: 400, error: 'BadRequestException', body: /limit/ },
    torchserve: { status: 200, body: /"models"/ },
  },
  {
    it: '§4.3 describe the default version',
    ...manage({ method: 'GET', path: '/models/other' }),
    strict: {
      status: 200,
      body: [
        /^\[/,
        /"modelName": "other"/,
        /"modelVersion": "1\.0"/,
        /"modelUrl": "other\.mar"/,
        /"runtime": "/,
        /"minWorkers": 1/,
        /"maxWorkers": 1/,
        /"batchSize": 4/,
        /"maxBatchDelay": 20/,
        /"responseTimeout": 120/,
        /"startupTimeout": 120/,
        /"maxRetryTimeoutInSec": 300/,
        /"clientTimeoutInMills": 0/,
        /"useJobTicket": false/,
        /"continuousBatching": false/,
        /"loadedAtStartup": false/,
        /"workers": \[/,
        /"status": "READY"/,
        /"memoryUsage": \d/,
        /"pid": \d/,
        /"gpu": false/,
        /"gpuUsage": "N\/A"/,
        /"jobQueueStatus"/,
        /"remainingCapacity": \d/,
        /"pendingRequests": 0/,
      ],
    },
  },
  {
    it: '§4.3 describe one version',
    ...manage({ method: 'GET', path: '/models/other/2.0' }),
    strict: { status: 200, body: /"modelVersion": "2\.0"/ },
  },
  {
    it: '§4.3 describe all versions',
    ...manage({ method: 'GET', path: '/models/other/all' }),
    strict: { status: 200, body: [/"modelVersion": "1\.0"/, /"modelVersion": "2\.0"/] },
  },
  {
    it: '§4.3 describe by the handler',
    ...manage({ method: 'GET', path: '/models/stream?customized=true' }),
    strict: { status: 200, body: [/"customizedMetadata"/, /grapes/] },
  },
  {
    it: '§4.3 describe by the handler without a worker',
    ...manage({ method: 'GET', path: '/models/plain?customized=true' }),
    strict: { status: 503, error: 'ServiceUnavailableException', body: /plain/ },
    torchserve: { status: 503, error: 'ServiceUnavailableException' },
  },
  {
    it: '§2 describe an unknown model',
    ...manage({ method: 'GET', path: '/models/nobody' }),
    strict: { status: 404, error: 'ModelNotFoundException', body: /nobody/ },
  },
  {
    it: '§2 describe an unknown version',
    ...manage({ method: 'GET', path: '/models/other/9.9' }),
    strict: { status: 404, error: 'ModelVersionNotFoundException', body: [/9\.9/, /other/] },
  },
  {
    it: '§3 KServe readiness is on the management address',
    ...manage({ method: 'GET', path: '/v1/models/other' }),
    strict: { status: 200, json: { name: 'other', ready: true } },
  },
  {
    it: '§4.4 scale and wait',
    ...manage({ method: 'PUT', path: '/models/other?min_worker=2&synchronous=true' }),
    strict: done(/2/, /other/),
  },
  {
    it: '§4.4 scale one version without waiting',
    ...manage({ method: 'PUT', path: '/models/other/2.0?min_worker=2&max_worker=3' }),
    strict: { status: 202, body: /"status": / },
  },
  {
    it: '§4.4 more at least than at most',
    ...manage({ method: 'PUT', path: '/models/other?min_worker=3&max_worker=2' }),
    strict: { status: 400, error: 'BadRequestException', body: [/min_worker/, /max_worker/] },
  },
  {
    it: '§4.4 a negative number',
    ...manage({ method: 'PUT', path: '/models/other?min_worker=-1' }),
    strict: { status: 400, error: 'BadRequestException', body: /min_worker/ },
  },
  {
    it: '§4.4 scale an unknown model',
    ...manage({ method: 'PUT', path: '/models/nobody?min_worker=1' }),
    strict: { status: 404, error: 'ModelNotFoundException', body: /nobody/ },
  },
  {
    it: '§4.4 scale an unknown version',
    ...manage({ method: 'PUT', path: '/models/other/9.9?min_worker=1' }),
    strict: { status: 404, error: 'ModelVersionNotFoundException', body: [/9\.9/, /other/] },
  },
  {
    it: '§4.5 another default version',
    ...manage({ method: 'PUT', path: '/models/other/2.0/set-default' }),
    strict: done(/\\"other\\"/, /\\"2\.0\\"/),
  },
  {
    it: '§4.5 an unknown version as the default',
    ...manage({ method: 'PUT', path: '/models/other/9.9/set-default' }),
    strict: { status: 404, error: 'ModelVersionNotFoundException', body: [/9\.9/, /other/] },
  },
  {
    it: '§4.5 an unknown model',
    ...manage({ method: 'PUT', path: '/models/nobody/1.0/set-default' }),
    strict: { status: 404, error: 'ModelNotFoundException', body: /nobody/ },
  },
  {
    it: '§4.6 the default version while others exist',
    ...manage({ method: 'DELETE', path: '/models/other' }),
    strict: { status: 403, error: 'InvalidModelVersionException', body: /other/ },
  },
  {
    it: '§4.6 another version',
    ...manage({ method: 'DELETE', path: '/models/other/1.0' }),
    strict: done(/\\"other\\"/),
  },
  {
    it: '§4.6 a version that is gone',
    ...manage({ method: 'DELETE', path: '/models/other/1.0' }),
    strict: { status: 404, error: 'ModelVersionNotFoundException', body: [/1\.0/, /other/] },
  },
  {
    it: '§4.6 a whole model',
    ...manage({ method: 'DELETE', path: '/models/plain' }),
    strict: done(/\\"plain\\"/),
  },
  {
    it: '§4.6 an unknown model',
    ...manage({ method: 'DELETE', path: '/models/plain' }),
    strict: { status: 404, error: 'ModelNotFoundException', body: /plain/ },
  },
  {
    it: '§4.8 no workflow can be registered',
    ...manage({ method: 'POST', path: '/workflows?url=w.war' }),
    strict: { status: 400, error: 'BadRequestException', body: /workflow/i },
  },
  {
    it: '§4.8 no workflow is there',
    ...manage({ method: 'GET', path: '/workflows' }),
    strict: { status: 200, json: { workflows: [] } },
  },
  {
    it: '§4.8 an unknown workflow',
    ...manage({ method: 'GET', path: '/workflows/w' }),
    strict: { status: 404, error: 'WorkflowNotFoundException', body: /w/ },
  },
  {
    it: '§3 a workflow cannot be run',
    listener: 'inference',
    path: '/wfpredict/w',
    body: 'x',
    strict: { status: 404, error: 'WorkflowNotFoundException', body: /w/ },
  },
  {
    it: '§3.6 description of the listener',
    ...manage({ method: 'OPTIONS', path: '/' }),
    strict: { status: 200, body: [/"openapi"/, /\/models\/\{model_name\}\/\{model_version\}\/set-default/] },
  },
]
