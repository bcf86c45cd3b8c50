import { benchModels } from './overhead/bench-models.ts'
import { measureLone } from './overhead/measure-lone.ts'
import { measureModel, type ModelResults } from './overhead/measure-model.ts'
import { FULL_PLAN, QUICK_PLAN, type Plan } from './overhead/plan.ts'
import { ratiosOf } from './overhead/ratios.ts'
import type { Overhead } from './overhead/results.ts'
import { overheadCharts, overheadTables } from './overhead/tables.ts'
import { overheadTargets } from './overhead/targets.ts'
import type { BenchContext, Suite, SuiteResult } from './suite.ts'

export const overhead: Suite = {
  name: 'overhead',
  about:
    'What the server adds to `session.run`, beside what a Node.js programmer writes in an afternoon and beside the engine alone. tiny is 4→16→3, mid 784→512→512→10; one row a request.',
  run: (context) => runOverhead(context, context.quick ? QUICK_PLAN : FULL_PLAN),
}

export async function runOverhead(context: BenchContext, plan: Plan): Promise<SuiteResult> {
  const models = benchModels().filter(({ name }) => plan.models.includes(name))
  const results: ModelResults[] = []
  for (const model of models) results.push(await measureModel(model, { plan, context }))
  const [first] = models
  if (first === undefined) throw new Error(`the plan names no model: ${plan.models.join(', ')}`)
  const measured: Overhead = {
    points: results.flatMap(({ points }) => points),
    memory: results.map(({ memory }) => memory),
    lone: await measureLone(first, { plan, context }),
  }
  return {
    settings: settingsOf(context, plan),
    tables: overheadTables(measured),
    charts: overheadCharts(measured),
    targets: overheadTargets(measured),
    ratios: Object.fromEntries(measured.points.flatMap(ratiosOf)),
    skipped: [],
  }
}

function settingsOf({ flags }: BenchContext, { rounds, measureMs }: Plan): string {
  const how = flags.length === 0 ? 'default settings' : flags.join(' ')
  return `${how}, closed loop, median of ${rounds} rounds in which each has one run of ${measureMs / 1000} s`
}
