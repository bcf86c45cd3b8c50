import { methodNotAllowed } from './errors.ts'
import { openApiDocument, type Schemas } from './openapi/document.ts'
import { component, jsonDoc } from './openapi/route-doc.ts'
import { shownRoutes, type Route } from './route-table.ts'
import { jsonAnswer } from './transport.ts'

export type ApiOptions = {
  /** Of the description of the address. */
  readonly title: string
  readonly serverVersion: string
  readonly schemas: Schemas
  /** Whether `GET /` is refused, instead of listing the routes. */
  readonly hasNoIndex: boolean
}

/** What an address tells of itself. @param routes all the others of this address */
export function apiRoutes(routes: readonly Route[], options: ApiOptions): Route[] {
  const { title, serverVersion: version, schemas, hasNoIndex } = options
  const document = () => jsonAnswer(200, openApiDocument({ title, version }, [...own, ...routes], schemas))
  const documentDoc = { 200: jsonDoc('The OpenAPI document of this address.', component('Document')) }
  const own: Route[] = [
    {
      method: 'GET',
      path: '/',
      doc: {
        operationId: 'index',
        summary: 'List the routes of this address.',
        answers: { 200: jsonDoc('The routes.', component('Index')) },
      },
      answer: ({ ctx }) => {
        if (hasNoIndex) throw methodNotAllowed(ctx.method, '/', ['OPTIONS'])
        return jsonAnswer(200, {
          // What KServe's clients look for in a server that is alive.
          status: 'alive',
          server: 'onnxserve',
          version,
          routes: shownRoutes([...own, ...routes]),
        })
      },
    },
    {
      method: 'OPTIONS',
      path: '/',
      doc: { operationId: 'apiDescription', summary: 'Describe this address.', answers: documentDoc },
      answer: document,
    },
    {
      method: 'GET',
      path: '/api-description',
      doc: { operationId: 'api-description', summary: 'Describe this address.', answers: documentDoc },
      answer: document,
    },
  ]
  return own
}
