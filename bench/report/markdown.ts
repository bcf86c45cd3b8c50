import type { ResultTable, Skipped, Target } from '../suites/suite.ts'
import { shownNumber } from './shown-number.ts'
import type { SuiteReport } from './suite-report.ts'

export type Picture = { readonly title: string; readonly path: string }

/** The section of one suite; `pictures` are linked where they stand beside the document. */
export function sectionOf(report: SuiteReport, pictures: readonly Picture[] = []): string {
  const { suite, about, machine, node, date, result } = report
  return [
    `## ${suite}`,
    about,
    `${machine}; Node.js ${node}; ${date}; ${result.settings.replace(/\.$/, '')}; ${durationOf(report)}.`,
    ...targetParts(result.targets),
    ...result.tables.flatMap(tableParts),
    ...pictures.map(({ title, path }) => `![${title}](${path})`),
    ...skippedParts(result.skipped),
  ].join('\n\n')
}

function durationOf({ isQuick, tookSeconds, quickBudgetSeconds }: SuiteReport): string {
  const took = `took ${tookSeconds} s`
  if (!isQuick) return took
  return tookSeconds > quickBudgetSeconds
    ? `${took} (quick form, **more than its ${quickBudgetSeconds} s**)`
    : `${took} (quick form)`
}

function targetParts(targets: readonly Target[]): string[] {
  return targets.length === 0 ? [] : [markdownTable(TARGET_COLUMNS, targets.map(targetCells))]
}

const TARGET_COLUMNS = ['target', 'wanted', 'measured', 'met']

function targetCells({ name, bound, limit, unit, measured, isMet }: Target): string[] {
  const sign = bound === 'least' ? '≥' : '≤'
  return [name, `${sign} ${limit}${unit}`, `${shownNumber(measured)}${unit}`, isMet ? 'yes' : '**no**']
}

/** All targets in one table, by suite. */
export function targetTable(reports: readonly SuiteReport[]): string {
  const rows = reports.flatMap(({ suite, result }) =>
    result.targets.map((target) => [suite, ...targetCells(target)]),
  )
  return markdownTable(['suite', ...TARGET_COLUMNS], rows)
}

function tableParts({ title, columns, rows, note }: ResultTable): string[] {
  return [`### ${title}`, markdownTable(columns, rows), ...(note === undefined ? [] : [note])]
}

function skippedParts(skipped: readonly Skipped[]): string[] {
  if (skipped.length === 0) return []
  const items = skipped.map(({ what, reason }) => `- ${what}: ${reason}`)
  return ['Not measured:', items.join('\n')]
}

export function markdownTable(
  columns: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  // What is no number comes from a file of results as null.
  const cell = (value: string | number | null) =>
    typeof value === 'string' ? value : shownNumber(value ?? NaN)
  const line = (cells: readonly (string | number)[]) => `| ${cells.map(cell).join(' | ')} |`
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n')
}
