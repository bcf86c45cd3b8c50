import { measureRegistrations } from './scale/measure-registrations.ts'
import { measureWorkers } from './scale/measure-workers.ts'
import { FULL_PLAN, QUICK_PLAN } from './scale/plan.ts'
import { chartsOf, ratiosOf, tablesOf, targetsOf } from './scale/report.ts'
import type { Suite } from './suite.ts'

export const scale: Suite = {
  name: 'scale',
  about:
    'What more of everything costs: the workers of one model, and models that are registered without a worker beside ten that are in use.',
  run: async (context) => {
    const plan = context.quick ? QUICK_PLAN : FULL_PLAN
    const workers = await measureWorkers({ plan, context })
    const registrations = await measureRegistrations({ plan, context })
    const results = { workers, registrations }
    const { active, rounds, measureMs } = plan
    return {
      settings: `Workers: a perceptron 256→2048→2048→16 at saturation, binary V2. Models: ${active} active ones of 4→16→3 at ${plan.requestsPerSecond} requests/s together, a server with them alone and one with all of them median of ${rounds} rounds in which each has one run of ${measureMs / 1000} s.`,
      tables: tablesOf(results),
      charts: chartsOf(results),
      targets: targetsOf(results),
      ratios: ratiosOf(results),
      skipped: [],
    }
  },
}
