import { openApiDocument, type DocumentInfo } from './openapi/document.ts'
import { jsonDoc } from './openapi/route-doc.ts'
import { ref } from './openapi/schemas.ts'
import { methodNotAllowed } from './errors.ts'
import type { HasQuirk } from './quirks.ts'
import { shownRoutes, type Route } from './route-table.ts'
import { jsonAnswer } from './transport.ts'

export type ApiOptions = {
  /** What the address is for, such as `inference`. */
  readonly purpose: string
  readonly serverVersion: string
  readonly hasQuirk: HasQuirk
}

/** What an address tells of itself. @param routes all the others of this address */
export function apiRoutes(routes: readonly Route[], options: ApiOptions): Route[] {
  const { serverVersion, hasQuirk } = options
  const document = () => jsonAnswer(200, openApiDocument(infoOf(options), [...own, ...routes]))
  const documentDoc = { 200: jsonDoc('The OpenAPI document of this address.', ref('Document')) }
  const own: Route[] = [
    {
      method: 'GET',
      path: '/',
      doc: {
        operationId: 'index',
        summary: 'List the routes of this address.',
        answers: { 200: jsonDoc('The routes.', ref('Index')) },
      },
      answer: ({ ctx }) => {
        if (hasQuirk('rootNotAllowed')) throw methodNotAllowed(ctx.method, '/', ['OPTIONS'])
        return jsonAnswer(200, {
          server: 'onnxserve',
          version: serverVersion,
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

function infoOf({ purpose, serverVersion, hasQuirk }: ApiOptions): DocumentInfo {
  const title = hasQuirk('openApiNames') ? 'TorchServe APIs' : `OnnxServe ${purpose} API`
  return { title, version: serverVersion }
}
