import type { DataPlane } from '../../core/data-plane.ts'
import { live, modelReady, ping, ready } from './health.ts'
import { jsonDoc } from '../kernel/openapi/route-doc.ts'
import { ref } from './openapi/schemas.ts'
import type { HasQuirk } from './quirks.ts'
import { selectorOf, type Route } from '../kernel/route-table.ts'

export type HealthOptions = { readonly dataPlane: DataPlane; readonly hasQuirk: HasQuirk }

/** Health, on every address that serves models: probes may reach only one of them. */
export function healthRoutes({ dataPlane, hasQuirk }: HealthOptions): Route[] {
  return [
    {
      method: 'GET',
      path: '/ping',
      doc: {
        operationId: 'ping',
        summary: 'Ask whether the server is healthy.',
        answers: {
          200: jsonDoc('It is.', ref('Health')),
          500: jsonDoc('It is not, and why.', ref('Health')),
        },
      },
      answer: () => ping(dataPlane, hasQuirk),
    },
    {
      method: 'GET',
      path: '/live',
      doc: {
        operationId: 'live',
        summary: 'Ask whether the process answers.',
        answers: { 200: jsonDoc('It does.', ref('Live')) },
      },
      answer: () => live(),
    },
    {
      method: 'GET',
      path: '/ready',
      doc: {
        operationId: 'ready',
        summary: 'Ask whether every model can answer.',
        answers: {
          200: jsonDoc('They can.', ref('Readiness')),
          503: jsonDoc('Which cannot, and why.', ref('Readiness')),
        },
      },
      answer: () => ready(dataPlane),
    },
    {
      method: 'GET',
      path: '/ready/:model{/:version}',
      doc: {
        operationId: 'modelReady',
        summary: 'Ask whether a model can answer.',
        answers: {
          200: jsonDoc('It can.', ref('VersionReadiness')),
          503: jsonDoc('It cannot, and why.', ref('VersionReadiness')),
        },
      },
      answer: ({ params }) => modelReady(dataPlane, selectorOf(params)),
    },
  ]
}
