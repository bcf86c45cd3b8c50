import { measureNeighbours } from './lifecycle/measure-neighbours.ts'
import { measureTimes } from './lifecycle/measure-times.ts'
import { lifecycleTargets, neighboursTable, timesTable } from './lifecycle/tables.ts'
import type { Suite } from './suite.ts'

const FULL_PLAN = { repeats: 7, steadyMs: 15_000, swaps: 10, loads: 10, warmUpMs: 1000 }
const QUICK_PLAN = { repeats: 3, steadyMs: 5000, swaps: 3, loads: 3, warmUpMs: 500 }

export const lifecycle: Suite = {
  name: 'lifecycle',
  about:
    'How long it takes to start, to load and to replace what crashed, and what the requests to one model notice of it.',
  run: async (context) => {
    const plan = context.quick ? QUICK_PLAN : FULL_PLAN
    const times = await measureTimes(context, plan.repeats)
    const neighbours = await measureNeighbours(context, plan)
    const { steady, loadingLarge } = neighbours
    return {
      settings: `${plan.repeats} starts, loads and crashes; ${plan.swaps} swaps; ${plan.loads} loads of 200 MB`,
      tables: [timesTable(times), neighboursTable(neighbours)],
      charts: [],
      targets: lifecycleTargets(times, neighbours),
      ratios: { 'p99 while 200 MB load ÷ steady p99': loadingLarge.accepted.p99Ms / steady.accepted.p99Ms },
      skipped: [],
    }
  },
}
