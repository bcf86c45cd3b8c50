import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { format } from 'prettier'
import type { SuiteReport } from './suite-report.ts'

/** The results that are committed. */
export const RESULTS_DIRECTORY = fileURLToPath(new URL('../results', import.meta.url))

const DIGITS = 5

export async function writeReport(directory: string, report: SuiteReport): Promise<void> {
  mkdirSync(directory, { recursive: true })
  const text = await format(JSON.stringify(report, rounded), { parser: 'json', printWidth: 110 })
  writeFileSync(join(directory, `${report.suite}.json`), text)
}

/** More digits than a measurement has would only make differences hard to read. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(DIGITS)) : value
}

/** All reports of a directory, by the names of their suites. */
export function readReports(directory: string): Map<string, SuiteReport> {
  const entries = existsSync(directory) ? readdirSync(directory) : []
  const names = entries.filter((name) => name.endsWith('.json'))
  const reports = names.map(
    (name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as SuiteReport, // only writeReport writes there
  )
  return new Map(reports.map((report) => [report.suite, report]))
}
