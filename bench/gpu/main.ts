import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { messageOf } from '../../worker/contract/errors.ts'
import { runSuites } from '../run-suites.ts'
import { sectionOf } from '../report/markdown.ts'
import { writeReport } from '../report/result-files.ts'
import type { Suite } from '../suites/suite.ts'
import { measureGpu } from './measure-gpu.ts'
import { deviceName } from './nvidia-samples.ts'
import { planFrom } from './plan-from.ts'
import { resultOf } from './report-gpu.ts'

/*
 * node --import tsx bench/gpu/main.ts [--provider cuda|tensorrt|webgpu] [--precision FP16|FP32] [--batches 1,8,64]
 *     [--connections 256] [--quick] [--trial] [--json <directory>]
 *
 * Measures the built server (`dist/`) on the GPU of this machine, beside the raw loop, and prints one table. It needs no
 * network. `--trial` is the smallest form, for a Vulkan driver in software: it tries the benchmark, and its figures say
 * nothing.
 */
const { values } = parseArgs({
  options: {
    provider: { type: 'string' },
    precision: { type: 'string' },
    batches: { type: 'string' },
    connections: { type: 'string' },
    quick: { type: 'boolean', default: false },
    trial: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
})

try {
  const plan = planFrom(values)
  expectUsable(plan.provider)
  const suite: Suite = {
    name: 'gpu',
    about: 'The server and the raw loop on one GPU.',
    run: async (context) =>
      resultOf(
        await measureGpu(plan, context),
        plan.isSoftware ? 'a software driver' : (deviceName() ?? 'the default adapter'),
      ),
  }
  const entries = [{ suite, quickBudgetSeconds: 120 }]
  const circumstances = { entries, quick: values.quick || values.trial, flags: [] }
  for await (const outcome of runSuites(circumstances, (line) => console.error(line))) {
    if (outcome.kind === 'failed') throw outcome.error
    console.log(sectionOf(outcome.report))
    if (values.json !== undefined) await writeReport(values.json, outcome.report)
  }
} catch (error) {
  console.error(`not measured: ${messageOf(error)}`)
  process.exitCode = 1
}

/** The server's own findings say what is missing, and how to get it. @throws Error */
function expectUsable(provider: string): void {
  const args = ['dist/frontend/main.js', 'doctor', '--provider', provider]
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status === 0) return
  console.error(stdout)
  throw new Error(`${provider} is not usable here; the findings above say why`)
}
