import type { Operation } from '../../core/data-plane.ts'
import { invoke, type InvocationOptions } from './invocations.ts'
import { INFERENCE_DOCS } from './openapi/inference-docs.ts'
import { predict } from './predictions.ts'
import type { PredictionTarget } from '../kernel/request-head.ts'
import type { HasQuirk } from './quirks.ts'
import { selectorOf, type Call, type Route } from '../kernel/route-table.ts'

export type InferenceRouteOptions = InvocationOptions & { readonly hasQuirk: HasQuirk }

type Method = Route['method']

const ANY_METHOD: readonly Method[] = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH']

/** Predictions, for clients, on every route that TorchServe knows for them. */
export function inferenceRoutes(options: InferenceRouteOptions): Route[] {
  const answerWith = (operation?: Operation) => async (call: Call) => {
    await predict(options, call.ctx, targetOf(call, operation))
    return undefined
  }
  const predicting = answerWith()
  const explaining = answerWith('explain')
  const invoking = async ({ ctx, query }: Call) => {
    await invoke(options, ctx, query)
    return undefined
  }
  const on = routesOf(options)
  return [
    ...on(['POST', 'PUT'], '/predictions/:model{/:version}', {
      answer: predicting,
      doc: INFERENCE_DOCS.predict,
    }),
    // Handlers that speak a protocol of their own behind this path have routes to read, such as `v1/models`.
    ...on(['GET', 'POST', 'PUT'], '/predictions/:model/:version/*url_path', {
      answer: predicting,
      doc: INFERENCE_DOCS.predictPath,
    }),
    ...on(['POST'], '/explanations/:model{/:version}', { answer: explaining, doc: INFERENCE_DOCS.explain }),
    ...(options.hasQuirk('v1Routes')
      ? [
          ...on(['POST'], '/v1/models/:model\\:predict', {
            answer: predicting,
            doc: INFERENCE_DOCS.v1Predict,
          }),
          ...on(['POST'], '/v1/models/:model\\:explain', {
            answer: explaining,
            doc: INFERENCE_DOCS.v1Explain,
          }),
        ]
      : []),
    ...on(['POST'], '/invocations', { answer: invoking, doc: INFERENCE_DOCS.invocations }),
  ]
}

/** Where the query's parameters are inputs. Behind all other routes, for `{model}` may be any word. */
export function queryRoutes(options: InferenceRouteOptions): Route[] {
  const answer = async ({ ctx, params, query }: Call) => {
    await predict(options, ctx, { model: selectorOf(params), inputs: new URLSearchParams(query) })
    return undefined
  }
  const on = routesOf(options)
  return [
    ...on(['POST'], '/models/:model/invoke', { answer, doc: INFERENCE_DOCS.invoke }),
    ...on(['GET', 'POST'], '/:model/predict', { answer, doc: INFERENCE_DOCS.legacy }),
    ...on(['GET', 'POST'], '/:model/:version/predict', { answer, doc: INFERENCE_DOCS.legacyVersion }),
  ]
}

/** One route for each method that may predict here. */
function routesOf({ hasQuirk }: InferenceRouteOptions) {
  return (methods: readonly Method[], path: string, route: Pick<Route, 'answer' | 'doc'>): Route[] =>
    (hasQuirk('anyMethodPredicts') ? ANY_METHOD : methods).map((method) => ({ method, path, ...route }))
}

function targetOf({ params }: Call, operation: Operation | undefined): PredictionTarget {
  const { url_path: urlPath } = params
  return {
    model: selectorOf(params),
    ...(operation === undefined ? {} : { operation }),
    // As TorchServe, which drops empty segments at the end of a path.
    ...(urlPath === undefined ? {} : { urlPath: urlPath.replace(/\/+$/, '') }),
  }
}
