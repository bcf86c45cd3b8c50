import type { SuiteOutcome } from './run-suites.ts'

/** A line for each suite and one for all: how long they took, and which of them failed. */
export function summaryOf(outcomes: readonly SuiteOutcome[]): string {
  const lines = outcomes.map((outcome) => `  ${lineOf(outcome)}`)
  const seconds = outcomes.reduce(
    (sum, each) => sum + (each.kind === 'measured' ? each.report.tookSeconds : 0),
    0,
  )
  const failed = outcomes.filter(({ kind }) => kind === 'failed').length
  const failures = failed === 0 ? '' : `, ${failed} failed`
  return [...lines, `${outcomes.length} suites, ${seconds} s${failures}`].join('\n')
}

function lineOf(outcome: SuiteOutcome): string {
  if (outcome.kind === 'failed') return `${outcome.suite}: failed`
  const { suite, tookSeconds, quickBudgetSeconds, isQuick, result } = outcome.report
  const missed = result.targets.filter(({ isMet }) => !isMet).length
  const over = isQuick && tookSeconds > quickBudgetSeconds ? `, more than its ${quickBudgetSeconds} s` : ''
  return `${suite}: ${tookSeconds} s${over}; ${result.targets.length - missed} of ${result.targets.length} targets met`
}
