import type { HistogramPoint, Labels, MetricFamily } from './family.ts'

/** What TorchServe's exporter does differently; strict parsers refuse some of it. */
export type TextQuirks = {
  /** A comma after the last label. */
  readonly trailingComma: boolean
  /** `8.0` instead of `8`. */
  readonly decimals: boolean
  /** HELP names kind and unit instead of what is measured. */
  readonly genericHelp: boolean
}

type Dialect = TextQuirks & { readonly openMetrics: boolean }

const PLAIN = { trailingComma: false, decimals: false, genericHelp: false }

/** Prometheus' text format, version 0.0.4. */
export function prometheusText(families: readonly MetricFamily[], quirks: TextQuirks = PLAIN): string {
  return families.map((family) => familyText(family, { ...quirks, openMetrics: false })).join('')
}

/** OpenMetrics 1.0. */
export function openMetricsText(families: readonly MetricFamily[]): string {
  const dialect = { ...PLAIN, openMetrics: true }
  return `${families.map((family) => familyText(family, dialect)).join('')}# EOF\n`
}

function familyText(family: MetricFamily, dialect: Dialect): string {
  const { name, type } = titleOf(family, dialect)
  const lines = [`# HELP ${name} ${helpOf(family, dialect)}`, `# TYPE ${name} ${type}`]
  if (family.kind === 'histogram') {
    for (const point of family.points) lines.push(...histogramLines(family.name, point, dialect))
  } else {
    for (const { labels, value } of family.points) lines.push(line(family.name, labels, value, dialect))
  }
  return `${lines.join('\n')}\n`
}

/**
 * OpenMetrics names a counter without the `_total` of its samples. A counter whose samples have none would be
 * renamed by that, and a dashboard would lose it: such a one is of unknown type there, and keeps its name.
 */
function titleOf({ name, kind }: MetricFamily, { openMetrics }: Dialect): { name: string; type: string } {
  if (!openMetrics || kind !== 'counter') return { name, type: kind }
  return name.endsWith('_total')
    ? { name: name.slice(0, -'_total'.length), type: 'counter' }
    : { name, type: 'unknown' }
}

function helpOf({ help, kind, unit }: MetricFamily, { genericHelp, openMetrics }: Dialect): string {
  if (genericHelp && unit !== undefined) return `${kind} with unit ${unit}`
  return openMetrics ? escapeLabel(help) : help.replace(/[\\\n]/g, escapeCharacter)
}

function histogramLines(name: string, { labels, histogram }: HistogramPoint, dialect: Dialect): string[] {
  const { buckets, sum, count } = histogram
  return [
    ...buckets.map(({ upperBound, cumulativeCount }) =>
      line(`${name}_bucket`, [...labels, ['le', boundText(upperBound, dialect)]], cumulativeCount, dialect),
    ),
    line(`${name}_sum`, labels, sum, dialect),
    line(`${name}_count`, labels, count, dialect),
  ]
}

function line(name: string, labels: Labels, value: number, dialect: Dialect): string {
  return `${name}${labelText(labels, dialect)} ${numberText(value, dialect.decimals)}`
}

function labelText(labels: Labels, { trailingComma }: Dialect): string {
  if (labels.length === 0) return ''
  const pairs = labels.map(([name, value]) => `${name}="${escapeLabel(value)}"`)
  return `{${pairs.join(',')}${trailingComma ? ',' : ''}}`
}

/** OpenMetrics wants bounds as floating-point numbers: `1.0`, so that the two spellings are one series. */
function boundText(bound: number, { openMetrics, decimals }: Dialect): string {
  return numberText(bound, openMetrics || decimals)
}

function numberText(value: number, decimals: boolean): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  const text = String(value)
  return decimals && /^-?\d+$/.test(text) ? `${text}.0` : text
}

function escapeLabel(text: string): string {
  return text.replace(/[\\\n"]/g, escapeCharacter)
}

function escapeCharacter(character: string): string {
  return character === '\n' ? '\\n' : `\\${character}`
}
