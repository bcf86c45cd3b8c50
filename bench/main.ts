import { commandOf, type Command } from './command.ts'
import { sectionOf } from './report/markdown.ts'
import { RESULTS_DIRECTORY, writeReport } from './report/result-files.ts'
import type { SuiteReport } from './report/suite-report.ts'
import { writeDocument } from './report/write-document.ts'
import { runSuites, type SuiteOutcome } from './run-suites.ts'
import { SUITES } from './suites/all.ts'
import { summaryOf } from './summary.ts'

/*
 * npm run bench -- [<suite>… | all] [--quick] [--write] [--json <directory>] [--flag=--access-log=false]…
 *
 * Starts the built server, and beside it the baselines, and prints what each suite found; how far it is goes to
 * standard error. A full run writes bench/results/<suite>.json and docs/benchmarks.md, a quick one or one with flags
 * only with `--write`; it does so after each suite, so that what comes later cannot lose it, and a suite that failed
 * keeps the results that it had. A `--flag` goes to the server as it is, to answer a question about one setting. The
 * exit status is 1 when a suite failed.
 */

async function main(): Promise<void> {
  const command = commandOf(process.argv.slice(2), SUITES)
  const outcomes: SuiteOutcome[] = []
  for await (const outcome of runSuites(command, (line) => console.error(line))) {
    outcomes.push(outcome)
    if (outcome.kind === 'measured') await keep(outcome.report, command)
    else console.error(`${outcome.suite} failed:`, outcome.error)
  }
  console.error(summaryOf(outcomes))
  // Whatever a suite that failed has left open does not hold this process.
  process.exit(outcomes.every(({ kind }) => kind === 'measured') ? 0 : 1)
}

async function keep(report: SuiteReport, { jsonDirectories, writes }: Command): Promise<void> {
  console.log(`${sectionOf(report)}\n`)
  for (const directory of jsonDirectories) await writeReport(directory, report)
  if (!writes) return
  await writeReport(RESULTS_DIRECTORY, report)
  await writeDocument(SUITES.map(({ suite }) => suite.name))
}

await main()
