import type { ResultTable, Skipped, Target } from '../suites/suite.ts'
import { shownNumber } from './shown-number.ts'
import type { SuiteReport } from './suite-report.ts'

export type Picture = { readonly title: string; readonly path: string }

/** The section of one suite; `pictures` are linked where they stand beside the document. */
export function sectionOf(report: SuiteReport, pictures: readonly Picture[] = []): string {
  const { suite, about, machine, node, date, isQuick, tookSeconds, result } = report
  const form = isQuick ? ' (quick form)' : ''
  return [
    `## ${suite}`,
    about,
    `${machine}; Node.js ${node}; ${date}; ${result.settings}; took ${tookSeconds} s${form}.`,
    ...targetParts(result.targets),
    ...result.tables.flatMap(tableParts),
    ...pictures.map(({ title, path }) => `![${title}](${path})`),
    ...skippedParts(result.skipped),
  ].join('\n\n')
}

function targetParts(targets: readonly Target[]): string[] {
  if (targets.length === 0) return []
  const rows = targets.map(({ name, bound, limit, unit, measured, isMet }) => [
    ...[name, `${bound === 'least' ? '≥' : '≤'} ${limit}${unit}`, `${shownNumber(measured)}${unit}`],
    isMet ? 'yes' : '**no**',
  ])
  return [markdownTable(['target', 'wanted', 'measured', 'met'], rows)]
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
  const cell = (value: string | number) => (typeof value === 'number' ? shownNumber(value) : value)
  const line = (cells: readonly (string | number)[]) => `| ${cells.map(cell).join(' | ')} |`
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n')
}
