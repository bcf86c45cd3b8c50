import { methodNotAllowed } from './errors.ts'
import type { HasQuirk } from './quirks.ts'
import { shownRoutes, type Route } from './route-table.ts'
import { jsonAnswer } from './transport.ts'

/** What an address tells of itself. @param routes all the others of this address */
export function apiRoutes(routes: readonly Route[], hasQuirk: HasQuirk): Route[] {
  const index = { server: 'onnxserve', routes: shownRoutes(routes) }
  return [
    {
      method: 'GET',
      path: '/',
      answer: ({ ctx }) => {
        if (hasQuirk('rootNotAllowed')) throw methodNotAllowed(ctx.method, '/', ['OPTIONS'])
        return jsonAnswer(200, index)
      },
    },
  ]
}
