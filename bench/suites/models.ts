import { measureModel, type ModelResults } from './models/measure-model.ts'
import { FULL_PLAN, QUICK_PLAN, type Plan } from './models/plan.ts'
import { chartOf, ratiosOf, tablesOf, targetsOf } from './models/report.ts'
import { REAL_MODELS } from '../models/real-models.ts'
import type { Suite } from './suite.ts'

export const models: Suite = {
  name: 'models',
  about:
    'What is left of the engine’s own throughput when the server stands before it, for models of the size that people serve: ResNet-50 and BERT-base with seeded random weights, and the small digits model of the examples.',
  run: async (context) => {
    const plan = context.quick ? QUICK_PLAN : FULL_PLAN
    const results: ModelResults[] = []
    for (const model of REAL_MODELS) results.push(await measureModel(model, { plan, context }))
    return {
      settings: settingsOf(plan),
      tables: tablesOf(results),
      charts: [chartOf(results)],
      targets: targetsOf(results),
      ratios: ratiosOf(results),
      skipped: [],
    }
  },
}

function settingsOf({ rounds, measureMs, batchRows }: Plan): string {
  return `The loop at ${batchRows.join(', ')} rows a run; then loop and server in turn at the best of these, median of ${rounds} rounds of ${measureMs / 1000} s each; binary V2 over three connections for each row of a batch.`
}
