import { parseDocument } from 'yaml'
import { ServingError } from '../../../worker/contract/errors.ts'
import { METRIC_KINDS, type MetricKind } from '../../../worker/contract/messages.ts'
import { nearest } from '../../../worker/contract/nearest.ts'
import { MODEL_NAMES, TS_METRICS, TS_NAMES, type TsMetric, type TsName } from './ts-metrics.ts'
import type { TsDefinitions } from './ts-source.ts'

/** What a definition file says. */
export type MetricDefinitions = {
  /** TorchServe's own metrics that are shown, its workers' too, with the label names that the file gives them. */
  readonly ts: TsDefinitions
  /** Metrics that handlers may have, by name. */
  readonly models: ReadonlyMap<string, TsMetric>
}

/** Far above any real definition file, far below what could hurt. */
const MAX_FILE_BYTES = 256 * 1024
/** A usual file names each dimension once for every metric; an alias of an alias multiplies, one of a text does not. */
const MAX_YAML_ALIASES = 10_000
const TOP_KEYS = ['dimensions', 'ts_metrics', 'model_metrics']
const METRIC_KEYS = ['name', 'unit', 'dimensions']
/** Label that every model metric has, whether the file says so or not. */
const HOSTNAME = 'Hostname'

type Entry = { readonly name: string } & TsMetric

/**
 * Reads a definition file, TorchServe's `metrics.yaml`.
 *
 * ```yaml
 * dimensions:
 *   - &level "Level"
 *   - &hostname "Hostname"
 * ts_metrics:
 *   counter:
 *     - {name: Requests2XX, unit: Count, dimensions: [*level, *hostname]}
 * model_metrics:
 *   histogram:
 *     - {name: TokenCount, unit: Count, dimensions: [ModelName]}
 * ```
 *
 * @throws ServingError `invalid_argument` naming the file, what is wrong, and what is allowed.
 */
export function parseMetricDefinitions(text: string, file: string): MetricDefinitions {
  const invalid = (problem: string) =>
    new ServingError('invalid_argument', `the metric definitions in ${file}: ${problem}`)
  const top = objectOf(parseYaml(text, invalid), 'the file', TOP_KEYS, invalid)
  listOf(top['dimensions'], 'dimensions', invalid)
  const models = modelDefinitions(entriesOf(top['model_metrics'], 'model_metrics', invalid))
  const ours = models.filter(({ name }) => MODEL_NAMES.some((each) => each === name))
  return {
    ts: tsDefinitions([...entriesOf(top['ts_metrics'], 'ts_metrics', invalid), ...ours], invalid),
    models: new Map(models.map(({ name, ...metric }) => [name, metric])),
  }
}

type Invalid = (problem: string) => ServingError

function parseYaml(text: string, invalid: Invalid): unknown {
  const bytes = Buffer.byteLength(text)
  if (bytes > MAX_FILE_BYTES) throw invalid(`${bytes} bytes long, allowed are ${MAX_FILE_BYTES}`)
  const document = parseDocument(text, { schema: 'core', customTags: [], uniqueKeys: true })
  const problem = document.errors[0] ?? document.warnings[0]
  if (problem !== undefined) throw invalid(`not valid YAML: ${problem.message.split('\n')[0]}`)
  try {
    return document.toJS({ maxAliasCount: MAX_YAML_ALIASES })
  } catch {
    throw invalid('more YAML aliases than allowed') // the only failure of toJS
  }
}

function entriesOf(value: unknown, section: string, invalid: Invalid): Entry[] {
  const kinds = objectOf(value ?? {}, section, METRIC_KINDS, invalid)
  const entries = METRIC_KINDS.flatMap((kind) =>
    listOf(kinds[kind], `${section}.${kind}`, invalid).map((each, i) =>
      entryOf(each, kind, { place: `${section}.${kind}[${i}]`, invalid }),
    ),
  )
  const names = entries.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw invalid(`${section} defines '${twice}' twice`)
  return entries
}

function entryOf(
  value: unknown,
  kind: MetricKind,
  { place, invalid }: { readonly place: string; readonly invalid: Invalid },
): Entry {
  const { name, unit, dimensions } = objectOf(value, place, METRIC_KEYS, invalid)
  const labels = listOf(dimensions, `${place}.dimensions`, invalid)
  return {
    name: textOf(name, `${place}.name`, invalid),
    unit: textOf(unit, `${place}.unit`, invalid),
    kind,
    dimensions: labels.map((label, i) => textOf(label, `${place}.dimensions[${i}]`, invalid)),
  }
}

/** The order of our values is that of TorchServe's dimensions: a file may rename them, not choose among them. */
function tsDefinitions(entries: readonly Entry[], invalid: Invalid): TsDefinitions {
  const found: Partial<Record<TsName, TsMetric>> = {}
  for (const { name, ...metric } of entries) {
    const known = TS_NAMES.find((each) => each === name)
    if (known === undefined) {
      throw invalid(`ts_metrics has the unknown metric '${name}'${suggestion(name, TS_NAMES)}`)
    }
    const { kind, dimensions } = TS_METRICS[known]
    if (metric.kind !== kind) throw invalid(`ts_metrics has '${name}' as a ${metric.kind}; it is a ${kind}`)
    if (metric.dimensions.length !== dimensions.length) {
      throw invalid(
        `ts_metrics gives '${name}' ${metric.dimensions.length} dimensions; expected ${dimensions.join(', ')}`,
      )
    }
    found[known] = metric
  }
  return found
}

function modelDefinitions(entries: readonly Entry[]): Entry[] {
  return entries.map(({ dimensions, ...metric }) => ({
    ...metric,
    dimensions: [...dimensions.filter((label) => label !== HOSTNAME), HOSTNAME],
  }))
}

/** A key named `__proto__` is a key like others, and an unknown one. */
function objectOf(
  value: unknown,
  place: string,
  keys: readonly string[],
  invalid: Invalid,
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(`${place} must have the keys ${keys.join(', ')}`)
  }
  const entries = Object.entries(value)
  const unknown = entries.find(([key]) => !keys.includes(key))
  if (unknown !== undefined) {
    throw invalid(`${place} has the unknown key '${unknown[0]}'${suggestion(unknown[0], keys)}`)
  }
  return Object.fromEntries(entries)
}

function listOf(value: unknown, place: string, invalid: Invalid): readonly unknown[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw invalid(`${place} must be a list`)
  return value
}

function textOf(value: unknown, place: string, invalid: Invalid): string {
  if (typeof value !== 'string' || value === '') throw invalid(`${place} must be a text`)
  return value
}

function suggestion(word: string, known: readonly string[]): string {
  const near = nearest(word, known)
  return near === undefined ? `; known are ${known.join(', ')}` : `; did you mean '${near}'?`
}
