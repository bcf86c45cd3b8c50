import { measureBatching } from './batching/measure-batching.ts'
import { FULL_PLAN, QUICK_PLAN } from './batching/plan.ts'
import { chartsOf, ratiosOf, tableOf } from './batching/report.ts'
import type { Suite } from './suite.ts'

export const batching: Suite = {
  name: 'batching',
  about:
    'What sharing engine calls does to throughput and latency as the offered load rises: one graph served twice, once with the default settings and once with one row a run. Requests arrive at random times that do not depend on the answers.',
  run: async (context) => {
    const plan = context.quick ? QUICK_PLAN : FULL_PLAN
    const results = await measureBatching({ plan, context })
    return {
      settings: `A perceptron 256→2048→2048→16, 19 MB; loads of ${plan.loads.join(', ')} times what one row a run can do, ${plan.measureMs / 1000} s each, both models in turn; binary V2.`,
      tables: [tableOf(results)],
      charts: chartsOf(results),
      targets: [],
      ratios: ratiosOf(results),
      skipped: [],
    }
  },
}
