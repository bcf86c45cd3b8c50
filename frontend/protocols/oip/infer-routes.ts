import { BYTES } from '../kernel/openapi/json-schema.ts'
import { component, type RouteDoc } from '../kernel/openapi/route-doc.ts'
import { selectorOf, type Route } from '../kernel/route-table.ts'
import { infer, type InferOptions } from './infer.ts'
import { MODEL_PATH } from './metadata-routes.ts'

const DOC: RouteDoc = {
  operationId: 'oipInfer',
  summary: 'Run a model on tensors, in JSON or as bytes behind it.',
  body: { 'application/json': component('OipInferRequest'), 'application/octet-stream': BYTES },
  answers: {
    200: {
      description: 'The outputs. Bytes follow the JSON where they were asked for.',
      content: { 'application/json': component('OipInferResponse'), 'application/octet-stream': BYTES },
    },
  },
  error: component('OipError'),
}

/** The route behind {@link inferHot}, for names that need decoding. */
export function inferRoute(options: InferOptions): Route {
  return {
    method: 'POST',
    path: `${MODEL_PATH}/infer`,
    doc: DOC,
    answer: async ({ ctx, params }) => {
      await infer(options, ctx, selectorOf(params))
      return undefined
    },
  }
}
