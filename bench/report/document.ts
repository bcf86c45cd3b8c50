import { format } from 'prettier'
import { sectionOf, type Picture } from './markdown.ts'
import { svgOf } from './picture/svg.ts'
import type { SuiteReport } from './suite-report.ts'

/** The document and the pictures beside it, by their paths below `docs/`. */
export type DocumentFiles = ReadonlyMap<string, string>

export const DOCUMENT = 'benchmarks.md'
export const PICTURES = 'benchmarks'

const HEAD = `# Benchmarks

Written by \`npm run docs:benchmarks\` from \`bench/results/\`; those are written by \`npm run bench -- <suite>\`, and
by \`npm run bench -- all --quick --write\` all of them within ten minutes. It measures the built server as a child
process, with the load generator in another, which shares the processors with what it measures. The servers that are
compared take turns, in many short rounds of alternating order. Every number is the median of its runs; what is given
as a multiple of something else is the median, over the rounds, of the ratio of the two runs of one round, since the
speed of a machine changes from one minute to the next, and such a ratio hardly does. Each suite tells what the
project promises, what was measured, and whether that is kept.`

/** @param names the suites in the order in which they stand; one that has no results is left out */
export async function documentOf(
  reports: ReadonlyMap<string, SuiteReport>,
  names: readonly string[],
): Promise<DocumentFiles> {
  const files = new Map<string, string>()
  const sections: string[] = []
  for (const report of names.flatMap((name) => reports.get(name) ?? [])) {
    const pictures = report.result.charts.map((chart, index): Picture => {
      const path = `${PICTURES}/${report.suite}-${index + 1}.svg`
      files.set(path, svgOf(chart))
      return { title: chart.title, path }
    })
    sections.push(sectionOf(report, pictures))
  }
  const markdown = [HEAD, contentsOf(reports, names), ...sections].join('\n\n')
  return files.set(DOCUMENT, await format(markdown, { parser: 'markdown', printWidth: 110 }))
}

function contentsOf(reports: ReadonlyMap<string, SuiteReport>, names: readonly string[]): string {
  const rows = names.flatMap((name) => {
    const targets = reports.get(name)?.result.targets
    if (targets === undefined) return []
    const met = targets.filter(({ isMet }) => isMet).length
    return [`| [${name}](#${name}) | ${met} of ${targets.length} |`]
  })
  return ['| suite | targets met |', '| --- | --- |', ...rows].join('\n')
}
