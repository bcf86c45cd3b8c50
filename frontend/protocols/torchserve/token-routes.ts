import { jsonDoc, type RouteDoc } from '../kernel/openapi/route-doc.ts'
import { readParameters, required, type Parameter } from './parameters.ts'
import type { HasQuirk } from './quirks.ts'
import type { Route } from '../kernel/route-table.ts'
import { jsonAnswer } from '../kernel/transport.ts'

/** The keys that can be renewed. */
export type RenewableKey = 'inference' | 'management'

/** Makes a new key in place of an old one. @throws ServingError `failed_precondition` where no keys are made */
export type RenewKey = (key: RenewableKey) => object

const EXPECTED = 'inference or management'
const keyType: Parameter<RenewableKey> = {
  expected: EXPECTED,
  json: { enum: ['inference', 'management'] },
  parse: (text) => (text === 'inference' || text === 'management' ? text : undefined),
}

const TOKEN_PARAMETERS = { type: keyType }

const TOKEN_DOC: RouteDoc = {
  operationId: 'renewKey',
  summary: 'Renew a key that the server made; needs the API key.',
  query: TOKEN_PARAMETERS,
  answers: {
    200: jsonDoc('The new key, and when it expires.', {
      type: 'object',
      required: ['key'],
      properties: { key: { type: 'string' }, 'expiration time': { type: 'string', format: 'date-time' } },
    }),
  },
}

/** Renews keys, for holders of the API key. */
export function tokenRoutes(renewKey: RenewKey, hasQuirk: HasQuirk): Route[] {
  return [
    {
      method: 'GET',
      path: '/token',
      doc: TOKEN_DOC,
      answer: ({ query }) => {
        const { type } = readParameters(TOKEN_PARAMETERS, { query }, hasQuirk)
        const answer = jsonAnswer(200, renewKey(required(type, 'type', EXPECTED)))
        return { ...answer, headers: { ...answer.headers, 'cache-control': 'no-store' } }
      },
    },
  ]
}
