import { predict, type PredictionOptions } from './predictions.ts'
import { selectorOf, type Call, type Route } from './route-table.ts'

/** Predictions, for clients. */
export function inferenceRoutes(options: PredictionOptions): Route[] {
  const predictRoute = async ({ ctx, params }: Call) => {
    await predict(options, ctx, selectorOf(params))
    return undefined
  }
  return [
    { method: 'POST', path: '/predictions/:model{/:version}', answer: predictRoute },
    { method: 'PUT', path: '/predictions/:model{/:version}', answer: predictRoute },
  ]
}
