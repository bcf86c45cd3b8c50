import type { DataPlane } from '../../core/data-plane.ts'
import type { Dialect } from '../kernel/dialect.ts'
import { component, jsonDoc } from '../kernel/openapi/route-doc.ts'
import type { JsonSchema } from '../kernel/openapi/json-schema.ts'
import { scoped, type Route } from '../kernel/route-table.ts'
import type { Answer, Transport } from '../kernel/transport.ts'

export type OipOptions = { readonly dataPlane: DataPlane; readonly transport: Transport }

/** The Open Inference Protocol over HTTP. */
export function oipDialect(options: OipOptions): Dialect {
  return { routes: scoped('health', healthRoutes(options)), schemas: SCHEMAS }
}

const SCHEMAS = {
  OipError: { type: 'object', properties: { error: { type: 'string' } }, required: ['error'] },
  OipLive: { type: 'object', properties: { live: { type: 'boolean' } }, required: ['live'] },
  OipReady: { type: 'object', properties: { ready: { type: 'boolean' } }, required: ['ready'] },
} as const satisfies Readonly<Record<string, JsonSchema>>

function healthRoutes({ dataPlane }: OipOptions): Route[] {
  return [
    {
      method: 'GET',
      path: '/v2/health/live',
      doc: {
        operationId: 'oipLive',
        summary: 'Ask whether the process answers.',
        answers: { 200: jsonDoc('It does.', component('OipLive')) },
        error: component('OipError'),
      },
      answer: () => json(200, { live: true }),
    },
    {
      method: 'GET',
      path: '/v2/health/ready',
      doc: {
        operationId: 'oipReady',
        summary: 'Ask whether every model can answer.',
        answers: {
          200: jsonDoc('They can.', component('OipReady')),
          503: jsonDoc('They cannot.', component('OipReady')),
        },
        error: component('OipError'),
      },
      answer: () => {
        const { ready, reason } = dataPlane.health()
        return json(ready ? 200 : 503, { ready, reason })
      },
    },
  ]
}

function json(status: number, value: unknown): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) }
}
