import type { JsonSchema } from '../kernel/openapi/json-schema.ts'
import { component, jsonDoc, type RouteDoc } from '../kernel/openapi/route-doc.ts'
import { scoped, type Call, type Route, type ScopedRoute } from '../kernel/route-table.ts'
import type { Answer, Transport } from '../kernel/transport.ts'
import { compactJson } from './compact-json.ts'
import { MAX_SETTINGS_BYTES, readJsonObject } from './json-body.ts'
import { badParameter } from './parameter-names.ts'
import {
  checkUnloadParameters,
  loadRequestFrom,
  refuseRepositoryName,
  repositoryIndex,
  type RepositoryOptions,
} from './repository.ts'

export type RepositoryRouteOptions = RepositoryOptions & {
  readonly transport: Transport
  /** Of a load request, which may carry files. */
  readonly maxRequestBytes: number
}

/** The model repository extension: models are code, so all of it is for operators. */
export function repositoryRoutes(options: RepositoryRouteOptions): ScopedRoute[] {
  const { transport, controlPlane, maxRequestBytes } = options
  const index = async ({ ctx }: Call): Promise<Answer> => {
    const { ready = false } = await readJsonObject(transport, ctx, MAX_SETTINGS_BYTES)
    if (typeof ready !== 'boolean') throw badParameter('/ready', 'true or false', ready)
    return compactJson(200, await repositoryIndex(options, ready))
  }
  const load = async ({ ctx, params: { model: name = '' } }: Call): Promise<Answer> => {
    const { parameters } = await readJsonObject(transport, ctx, maxRequestBytes)
    await controlPlane.load(loadRequestFrom(name, parameters))
    return compactJson(200, { name, load: true })
  }
  const unload = async ({ ctx, params: { model: name = '' } }: Call): Promise<Answer> => {
    const { parameters } = await readJsonObject(transport, ctx, MAX_SETTINGS_BYTES)
    checkUnloadParameters(parameters)
    await controlPlane.unload({ name })
    return compactJson(200, { name, unload: true })
  }
  return scoped('management', [
    ...inAnyRepository('/index', INDEX_DOC, index),
    ...inAnyRepository('/models/:model/load', LOAD_DOC, load),
    ...inAnyRepository('/models/:model/unload', UNLOAD_DOC, unload),
  ])
}

/** Two routes: with the name of a repository, and without. */
function inAnyRepository(rest: string, doc: RouteDoc, answer: (call: Call) => Promise<Answer>): Route[] {
  return [
    { method: 'POST', path: `/v2/repository${rest}`, doc, answer },
    {
      method: 'POST',
      path: `/v2/repository/:repository${rest}`,
      doc: { ...doc, operationId: `${doc.operationId}Named`, summary: `${doc.summary} Not served.` },
      answer: (call) => {
        refuseRepositoryName(call.params.repository)
        return answer(call)
      },
    },
  ]
}

const OBJECT: Readonly<Record<string, JsonSchema>> = { 'application/json': { type: 'object' } }

const INDEX_DOC: RouteDoc = {
  operationId: 'oipRepositoryIndex',
  summary: 'List the models of the repository, loaded or not.',
  body: OBJECT,
  answers: { 200: jsonDoc('The models and their versions.', component('OipRepositoryIndex')) },
  error: component('OipError'),
}
const LOAD_DOC: RouteDoc = {
  operationId: 'oipRepositoryLoad',
  summary: 'Load a model of the repository, or load it again.',
  body: OBJECT,
  answers: { 200: jsonDoc('It is loaded.', component('OipRepositoryLoad')) },
  error: component('OipError'),
}
const UNLOAD_DOC: RouteDoc = {
  operationId: 'oipRepositoryUnload',
  summary: 'Unload a model.',
  body: OBJECT,
  answers: { 200: jsonDoc('It takes no more requests.', component('OipRepositoryUnload')) },
  error: component('OipError'),
}

const TEXT: JsonSchema = { type: 'string' }

export const REPOSITORY_SCHEMAS = {
  OipRepositoryIndex: {
    type: 'array',
    items: {
      type: 'object',
      properties: {
        name: TEXT,
        version: TEXT,
        state: { type: 'string', enum: ['READY', 'UNAVAILABLE', 'LOADING', 'UNLOADING'] },
        reason: TEXT,
      },
      required: ['name'],
    },
  },
  OipRepositoryLoad: { type: 'object', properties: { name: TEXT, load: { type: 'boolean' } } },
  OipRepositoryUnload: { type: 'object', properties: { name: TEXT, unload: { type: 'boolean' } } },
} as const satisfies Readonly<Record<string, JsonSchema>>
