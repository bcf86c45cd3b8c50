import { component, jsonDoc, type AnswerDoc } from '../kernel/openapi/route-doc.ts'
import type { Route } from '../kernel/route-table.ts'
import { compactJson } from './compact-json.ts'
import { sharedMemoryUnsupported } from './shared-memory.ts'

const KINDS = ['system', 'cuda'] as const
const REFUSED: Readonly<Record<number, AnswerDoc>> = {
  501: jsonDoc('Shared memory is not supported.', component('OipError')),
}

/** Which regions there are is answered, with none; clients ask before anything else. Nothing can be registered. */
export function sharedMemoryRoutes(): Route[] {
  return KINDS.flatMap((kind) => {
    const base = `/v2/${kind}sharedmemory`
    return [
      statusRoute(kind, `${base}{/region/:region}/status`),
      refusedRoute(`${kind}_shared_memory_register`, `${base}/region/:region/register`),
      refusedRoute(`${kind}_shared_memory_unregister`, `${base}{/region/:region}/unregister`),
    ]
  })
}

function statusRoute(kind: string, path: string): Route {
  return {
    method: 'GET',
    path,
    doc: {
      operationId: `${kind}_shared_memory`,
      summary: 'List the regions of shared memory: there are none.',
      answers: { 200: jsonDoc('No regions.', component('OipRegions')) },
      error: component('OipError'),
    },
    answer: () => compactJson(200, []),
  }
}

function refusedRoute(operationId: string, path: string): Route {
  return {
    method: 'POST',
    path,
    doc: {
      operationId,
      summary: 'Not supported: tensors come in requests.',
      answers: REFUSED,
      error: component('OipError'),
    },
    answer: ({ ctx }) => {
      throw sharedMemoryUnsupported(ctx.path)
    },
  }
}
