import type { Route } from '../route-table.ts'
import type { JsonSchema } from './json-schema.ts'
import { component, type ContentDoc, type QueryDoc, type RouteDoc } from './route-doc.ts'

const OPENAPI_VERSION = '3.1.0'

export type DocumentInfo = { readonly title: string; readonly version: string; readonly description?: string }

/** An OpenAPI document as JSON. */
export type OpenApiDocument = {
  readonly openapi: string
  readonly info: DocumentInfo
  readonly paths: Readonly<Record<string, PathItem>>
  readonly components: { readonly schemas: Schemas }
}

/** Schemas that several routes share, by name. */
export type Schemas = Readonly<Record<string, JsonSchema>>

type PathItem = Readonly<Record<string, Operation>>

export type Operation = {
  readonly operationId: string
  readonly summary: string
  readonly parameters?: readonly JsonSchema[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, ResponseObject>>
}

type Content = Readonly<Record<string, { readonly schema: JsonSchema; readonly example?: unknown }>>
type ResponseObject = { readonly description: string; readonly content?: Content }

/** Names and meanings of path parameters, in TorchServe's words. */
const PATH_PARAMETERS: Readonly<Record<string, readonly [name: string, description: string]>> = {
  model: ['model_name', 'Name of the model.'],
  version: ['model_version', 'Version of the model. Without it, the default version is meant.'],
  url_path: ['url_path', 'For the handler, as its header `url_path`; it may hold slashes.'],
  workflow: ['workflow_name', 'Name of the workflow.'],
}

/** Describes the routes of an address. Derived from the table that the requests are routed by. */
export function openApiDocument(
  info: DocumentInfo,
  routes: readonly Route[],
  schemas: Schemas,
): OpenApiDocument {
  const paths: Record<string, Record<string, Operation>> = {}
  const taken = new Set<string>()
  for (const route of routes) {
    for (const variant of variantsOf(route)) {
      const { path, method, operation } = variant
      const operationId = taken.has(operation.operationId)
        ? `${operation.operationId}_${method}`
        : operation.operationId
      taken.add(operationId)
      paths[path] = { ...paths[path], [method]: { ...operation, operationId } }
    }
  }
  return documentOf(info, paths, schemas)
}

export function documentOf(
  info: DocumentInfo,
  paths: OpenApiDocument['paths'],
  schemas: Schemas,
): OpenApiDocument {
  return { openapi: OPENAPI_VERSION, info, paths, components: { schemas } }
}

/** A path with an optional part is two paths here. */
function variantsOf({ method, path, doc }: Route) {
  const optional = /\{(.*?)\}/
  const withoutPart = path.replace(optional, '')
  const paths = withoutPart === path ? [path] : [withoutPart, path.replace(optional, '$1')]
  return paths.map((each, index) => ({
    method: method.toLowerCase(),
    path: each.replace(PLACEHOLDER, (_, name: string) => `{${nameOf(name)}}`).replaceAll('\\', ''),
    operation: {
      operationId: index === 0 ? doc.operationId : `version_${doc.operationId}`,
      summary: doc.summary,
      ...parametersOf(each, doc.query),
      ...(doc.body === undefined ? {} : { requestBody: { content: contentOf(doc.body) } }),
      responses: responsesOf(doc.answers, doc.error),
    },
  }))
}

const PLACEHOLDER = /(?<!\\)[:*](\w+)/g

function nameOf(placeholder: string): string {
  return PATH_PARAMETERS[placeholder]?.[0] ?? placeholder
}

function parametersOf(path: string, query: RouteDoc['query'] = {}) {
  const parameters = [
    ...[...path.matchAll(PLACEHOLDER)].map(([, placeholder = '']) => pathParameter(placeholder)),
    ...Object.entries(query).map(([name, parameter]) => queryParameter(name, parameter)),
  ]
  return parameters.length === 0 ? {} : { parameters }
}

function pathParameter(placeholder: string): JsonSchema {
  const [name, description] = PATH_PARAMETERS[placeholder] ?? [placeholder, '']
  return { name, in: 'path', required: true, description, schema: { type: 'string' } }
}

function queryParameter(name: string, { expected, json }: QueryDoc): JsonSchema {
  return { name, in: 'query', description: `Expected: ${expected}.`, schema: json }
}

/** Every route may answer an error, and all errors of a dialect look alike. */
export function responsesOf(answers: RouteDoc['answers'], errorSchema = component('Error')) {
  const described = Object.entries(answers).map(([status, { description, content }]) => [
    status,
    content === undefined ? { description } : { description, content: contentOf(content) },
  ])
  const error = {
    description: 'An error, with what was expected.',
    content: contentOf({ 'application/json': errorSchema }),
  }
  return Object.fromEntries([...described, ['default', error]]) as Operation['responses'] // statuses and `default`
}

export function contentOf(content: ContentDoc): Content {
  return Object.fromEntries(Object.entries(content).map(([type, schema]) => [type, { schema }]))
}
