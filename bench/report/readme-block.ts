import { format } from 'prettier'
import { targetTable } from './markdown.ts'
import type { SuiteReport } from './suite-report.ts'

const START = '<!-- targets -->'
const END = '<!-- /targets -->'

/**
 * The README with its table of targets as the results say.
 *
 * @param names the suites in the order in which they stand; one that has no results is left out
 */
export async function withTargets(
  readme: string,
  reports: ReadonlyMap<string, SuiteReport>,
  names: readonly string[],
): Promise<string> {
  const present = names.flatMap((name) => reports.get(name) ?? [])
  const table = await format(targetTable(present), { parser: 'markdown' })
  const [start, end] = [readme.indexOf(START), readme.indexOf(END)]
  if (start === -1 || end < start) throw new Error(`the README has no ${START} with ${END} behind it`)
  return `${readme.slice(0, start)}${START}\n\n${table}\n${readme.slice(end)}`
}
