import { commandOf } from './command.ts'
import { sectionOf } from './report/markdown.ts'
import { RESULTS_DIRECTORY, writeReport } from './report/result-files.ts'
import { writeDocument } from './report/write-document.ts'
import { runSuites } from './run-suites.ts'
import { SUITES } from './suites/all.ts'

/*
 * npm run bench -- [<suite>… | all] [--quick] [--write] [--json <directory>] [--flag=--access-log=false]…
 *
 * Starts the built server, and beside it the baselines, and prints what each suite found; how far it is goes to
 * standard error. A full run writes bench/results/<suite>.json and docs/benchmarks.md, a quick one or one with flags
 * only with `--write`. A `--flag` goes to the server as it is, to answer a question about one setting. The exit status
 * is 1 when a suite failed.
 */

async function main(): Promise<void> {
  const command = commandOf(process.argv.slice(2), SUITES)
  const directories = [...command.jsonDirectories, ...(command.writes ? [RESULTS_DIRECTORY] : [])]
  for await (const outcome of runSuites(command, (line) => console.error(line))) {
    if (outcome.kind === 'failed') {
      console.error(`${outcome.suite} failed:`, outcome.error)
      process.exitCode = 1
      continue
    }
    console.log(`${sectionOf(outcome.report)}\n`)
    for (const directory of directories) await writeReport(directory, outcome.report)
  }
  if (command.writes) await writeDocument(SUITES.map(({ suite }) => suite.name))
}

await main()
