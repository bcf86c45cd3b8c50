import type { MetricSample } from '../../worker/contract/messages.ts'

const MAX_NAME_CHARACTERS = 200
const MAX_LABELS = 16
const MAX_VALUE_CHARACTERS = 256
/** Labels that the server sets itself, and the one that histograms have. */
const OWN_LABELS = new Set(['model', 'version', 'Hostname', 'le'])

/**
 * A handler's name as Prometheus allows it: letters, digits, `_` and `:`, no digit first; anything else becomes
 * `_`. Undefined when nothing sensible is left of it.
 */
export function metricNameOf(name: string): string | undefined {
  if (name.length > MAX_NAME_CHARACTERS) return undefined
  const clean = name.replace(/[^a-zA-Z0-9_:]/g, '_').replace(/^(?=\d)/, '_')
  return /[a-zA-Z0-9]/.test(clean) ? clean : undefined
}

/**
 * A handler's dimensions as labels, in the order of their names. Characters that no label name may have become
 * `_`, and leading underscores are one; names of the server's own labels give way to those. Undefined when there
 * are too many, or two become one.
 */
export function labelsOf(
  dimensions: MetricSample['dimensions'],
): readonly (readonly [name: string, value: string])[] | undefined {
  const entries = Object.entries(dimensions)
  if (entries.length > MAX_LABELS) return undefined
  const labels = entries
    .map(([name, value]): [string, string] => [labelNameOf(name), value.slice(0, MAX_VALUE_CHARACTERS)])
    .filter(([name]) => !OWN_LABELS.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const isDistinct = new Set(labels.map(([name]) => name)).size === labels.length
  return isDistinct ? labels : undefined
}

function labelNameOf(name: string): string {
  return name
    .slice(0, MAX_NAME_CHARACTERS)
    .replace(/[^a-zA-Z0-9_]/g, '_')
    .replace(/^(?=\d)/, '_')
    .replace(/^_+/, '_')
}
