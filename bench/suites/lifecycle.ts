import { measureNeighbours } from './lifecycle/measure-neighbours.ts'
import { measureTimes } from './lifecycle/measure-times.ts'
import { lifecycleTargets, loadingP99Ratio, neighboursTable, timesTable } from './lifecycle/tables.ts'
import type { Suite } from './suite.ts'

const FULL_PLAN = { repeats: 7, rounds: 8, steadyMs: 5000, loads: 2, swaps: 10, warmUpMs: 1000 }
const QUICK_PLAN = { repeats: 3, rounds: 4, steadyMs: 2000, loads: 1, swaps: 3, warmUpMs: 300 }

export const lifecycle: Suite = {
  name: 'lifecycle',
  about:
    'How long it takes to start, to load and to replace what crashed, and what the requests to one model notice of it.',
  run: async (context) => {
    const plan = context.quick ? QUICK_PLAN : FULL_PLAN
    const times = await measureTimes(context, plan.repeats)
    const neighbours = await measureNeighbours(context, plan)
    return {
      settings: `${plan.repeats} starts, loads and crashes; ${plan.swaps} swaps; ${plan.rounds} rounds of ${plan.steadyMs / 1000} s in peace and of ${plan.loads} loads of 200 MB`,
      tables: [timesTable(times), neighboursTable(neighbours)],
      charts: [],
      targets: lifecycleTargets(times, neighbours),
      ratios: { 'p99 while 200 MB load ÷ steady p99': loadingP99Ratio(neighbours) },
      skipped: [],
    }
  },
}
