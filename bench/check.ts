import { betterOf, compareRatios, type Comparison, type Ratios } from './regression/compare.ts'
import { RULES } from './regression/rules.ts'
import { markdownTable } from './report/markdown.ts'
import { readReports, RESULTS_DIRECTORY } from './report/result-files.ts'
import { runSuites } from './run-suites.ts'
import { runOverhead } from './suites/overhead.ts'
import { runPayload } from './suites/payload.ts'
import type { Suite } from './suites/suite.ts'

/*
 * npm run bench:check
 *
 * Runs the smallest form of two suites and compares their ratios, never absolute times, with the committed results.
 * While something looks like a regression it is all measured again, and the best of each ratio counts: only what is
 * seen every time is one.
 */

const OVERHEAD_PLAN = {
  models: ['tiny'],
  connections: [32],
  rounds: 6,
  warmUpMs: 500,
  leadInMs: 100,
  measureMs: 250,
  rawLoopMs: 20,
  lone: { rounds: 1, measureMs: 100 },
}
const PAYLOAD_PLAN = { sizesBytes: [2 ** 20], passes: 3, measureMs: 100, leastRounds: 1 }
const ATTEMPTS = 3

const SMALLEST: readonly Suite[] = [
  { name: 'overhead', about: '', run: (context) => runOverhead(context, OVERHEAD_PLAN) },
  { name: 'payload', about: '', run: (context) => runPayload(context, PAYLOAD_PLAN) },
]

async function check(suite: Suite): Promise<readonly Comparison[]> {
  const committed = readReports(RESULTS_DIRECTORY).get(suite.name)?.result.ratios
  if (committed === undefined) {
    console.error(`${suite.name}: bench/results has nothing to compare with`)
    return []
  }
  let best: Ratios = {}
  for (let attempt = 1; ; attempt++) {
    best = betterOf(best, await ratiosOf(suite), RULES)
    const comparisons = compareRatios(committed, best, RULES)
    if (attempt === ATTEMPTS || comparisons.every(({ isRegression }) => !isRegression)) return comparisons
  }
}

async function ratiosOf(suite: Suite): Promise<Readonly<Record<string, number>>> {
  const entries = [{ suite, quickBudgetSeconds: Infinity }]
  for await (const outcome of runSuites({ entries, quick: true, flags: [] }, (line) => console.error(line))) {
    if (outcome.kind === 'measured') return outcome.report.result.ratios
    throw new Error(`${suite.name} failed`, { cause: outcome.error })
  }
  return {}
}

for (const suite of SMALLEST) {
  const comparisons = await check(suite)
  const rows = comparisons.map(({ name, committed, measured, limit, isRegression }) => [
    ...[name, committed, measured, limit, isRegression ? 'REGRESSION' : 'ok'],
  ])
  if (rows.length > 0)
    console.log(`${markdownTable(['ratio', 'committed', 'measured', 'limit', 'verdict'], rows)}\n`)
  if (comparisons.some(({ isRegression }) => isRegression)) process.exitCode = 1
}
