import { packTestArchive } from '../../test/support/archives.ts'
import { startOnnxServe } from '../contenders/onnxserve.ts'
import { LoadGenerator } from '../load/load-generator.ts'
import { residentBytes } from '../process-usage.ts'
import { measureCapacity, measureFactor, requestTo, type OverloadRun } from './overload/measure-overload.ts'
import { measureRecovery } from './overload/measure-recovery.ts'
import { measureRefusals } from './overload/measure-refusals.ts'
import { MODELS, pathOf, STUCK_HELD, TARGET_WAIT_MS } from './overload/model.ts'
import type { Overload, OverloadPoint } from './overload/results.ts'
import { overloadCharts, overloadRatios, overloadTables, overloadTargets } from './overload/tables.ts'
import type { BenchContext, Suite, SuiteResult } from './suite.ts'

const FACTORS = [0.8, 1.2, 3, 10]
const LOOP_TICK_MS = 5
const FULL_PLAN = {
  warmUpMs: 3000,
  measureMs: 15_000,
  recovery: { steadyMs: 10_000, burstMs: 5000, afterMs: 5000 },
  refusals: { warmUpMs: 1000, measureMs: 5000 },
}
const QUICK_PLAN = {
  warmUpMs: 1500,
  measureMs: 3000,
  recovery: { steadyMs: 3000, burstMs: 2000, afterMs: 3000 },
  refusals: { warmUpMs: 1000, measureMs: 2000 },
}

export const overload: Suite = {
  name: 'overload',
  about:
    'More requests than the model can take. The model sleeps, 8 ms and 2 ms for each row of up to 16, so that its capacity does not depend on the processors, which the server and the load generator share.',
  run: async (context) => {
    const plan = context.quick ? QUICK_PLAN : FULL_PLAN
    const measured = await measure(context, plan)
    return resultOf(measured, plan)
  },
}

type Plan = typeof FULL_PLAN

async function measure(context: BenchContext, plan: Plan): Promise<Overload> {
  const { directory, generator, flags } = context
  for (const model of Object.values(MODELS)) await packTestArchive(directory, model)
  const { modelName } = MODELS.sleeper
  const server = await startOnnxServe({ modelStore: directory, modelName, flags, loopTickMs: LOOP_TICK_MS })
  const healthGenerator = new LoadGenerator()
  try {
    const run = { server, generator, healthGenerator, ...plan }
    const measured = await measureFactors(run, context)
    context.log('back to normal after a burst')
    const recovery = await measureRecovery(run, plan.recovery, measured.capacity)
    context.log('refusals of a full queue')
    const request = requestTo({ path: pathOf(MODELS.stuck) })
    const refusals = await measureRefusals({ ...run, ...plan.refusals, request, held: STUCK_HELD })
    return { ...measured, recovery, refusals }
  } finally {
    healthGenerator.close()
    await server.close()
  }
}

async function measureFactors(
  run: OverloadRun,
  { log }: BenchContext,
): Promise<Omit<Overload, 'recovery' | 'refusals'>> {
  log('capacity')
  const capacity = await measureCapacity(run)
  const residentBytesBefore = residentBytes(run.server.frontendPid)
  const points: OverloadPoint[] = []
  for (const factor of FACTORS) {
    log(`${factor} × ${Math.round(capacity.requestsPerSecond)} requests per second`)
    points.push(await measureFactor(run, factor, capacity))
  }
  return { capacity, residentBytesBefore, points }
}

function resultOf(measured: Overload, { measureMs }: Plan): SuiteResult {
  return {
    settings: `one worker, targetWaitMs ${TARGET_WAIT_MS}, ${measureMs / 1000} s for each load`,
    tables: overloadTables(measured),
    charts: overloadCharts(measured),
    targets: overloadTargets(measured),
    ratios: overloadRatios(measured),
    skipped: [],
  }
}
