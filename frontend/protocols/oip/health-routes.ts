import type { DataPlane } from '../../core/data-plane.ts'
import { component, jsonDoc } from '../kernel/openapi/route-doc.ts'
import type { Route } from '../kernel/route-table.ts'
import { compactJson } from './compact-json.ts'

const error = component('OipError')

/** Probes: the status says it to Triton's clients, the body to KServe's. */
export function healthRoutes(dataPlane: DataPlane): Route[] {
  return [
    {
      method: 'GET',
      path: '/v2/health/live',
      doc: {
        operationId: 'oipLive',
        summary: 'Ask whether the process answers.',
        answers: { 200: jsonDoc('It does.', component('OipLive')) },
        error,
      },
      answer: () => compactJson(200, { live: true }),
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
        error,
      },
      answer: () => {
        const { ready, reason } = dataPlane.health()
        return compactJson(ready ? 200 : 503, { ready, reason })
      },
    },
  ]
}
