import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { LoadGenerator } from './load/load-generator.ts'
import { measureModel, type ModelResults } from './measure-model.ts'
import { describeMachine, markdownOf } from './report.ts'
import type { Report } from './results.ts'
import { benchModels, FULL_PLAN, QUICK_PLAN, type Plan } from './scenarios.ts'

/*
 * npm run bench -- [--quick] [--model tiny] [--json <file>] [--flag=--access-log=false]…
 *
 * Starts the built server, and beside it the baselines, and prints the tables of the README. A `--flag` goes to
 * the server as it is, to answer a question about one setting.
 */

type Options = { readonly plan: Plan; readonly models: readonly string[]; readonly flags: readonly string[] }

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      model: { type: 'string', multiple: true, default: [] },
      json: { type: 'string' },
      flag: { type: 'string', multiple: true, default: [] },
    },
  })
  const plan = values.quick ? QUICK_PLAN : FULL_PLAN
  const report = await runBench({ plan, models: values.model, flags: values.flag })
  console.log(markdownOf(report))
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(report, undefined, 2) + '\n')
}

async function runBench({ plan, models, flags }: Options): Promise<Report> {
  const directory = mkdtempSync(join(tmpdir(), 'onnxserve-bench-'))
  const generator = new LoadGenerator()
  const chosen = benchModels().filter(({ name }) => models.length === 0 || models.includes(name))
  try {
    const results: ModelResults[] = []
    for (const model of chosen) results.push(await measureModel(model, { plan, generator, directory, flags }))
    return {
      ...describeMachine(),
      settings: `${flags.length === 0 ? 'default settings' : flags.join(' ')}, median of ${plan.repeats} runs of ${plan.measureMs / 1000} s`,
      points: results.flatMap(({ points }) => points),
      memory: results.map(({ memory }) => memory),
    }
  } finally {
    generator.close()
    rmSync(directory, { recursive: true })
  }
}

await main()
