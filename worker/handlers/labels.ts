import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { ServingError } from '../contract/errors.ts'
import { parseJson } from '../contract/json.ts'
import type { LabelSettings } from '../../archiver-cli/format/handler-settings/labels.ts'

/** The name that TorchServe's archives use. */
const DEFAULT_LABELS_FILE = 'index_to_name.json'

/** The label of a class. */
export type LabelOf = (index: number) => string

/**
 * Labels by class index; a class without one is called by its index.
 *
 * @throws ServingError `invalid_argument` when the file is missing or not in TorchServe's form.
 */
export async function loadLabels(config: LabelSettings, modelDir: string): Promise<LabelOf> {
  const labels = distinct(config.labels?.entries() ?? (await fileLabels(config, modelDir)))
  return (index) => labels.get(index) ?? String(index)
}

async function fileLabels(
  { labelsFile }: LabelSettings,
  modelDir: string,
): Promise<Iterable<[number, string]>> {
  const name = labelsFile ?? DEFAULT_LABELS_FILE
  if (basename(name) !== name)
    throw badLabels(name, 'must be the name of a file in the archive, without a directory')
  const path = join(modelDir, name)
  if (!existsSync(path)) {
    if (labelsFile === undefined) return []
    throw badLabels(name, 'is not in the archive')
  }
  const value = parseJson(await readFile(path, 'utf8'), `the labels file '${name}'`)
  if (typeof value !== 'object' || value === null) throw badLabels(name, 'must hold a JSON object')
  return Object.entries(value).map(([index, label]) => [indexFrom(name, index), labelFrom(name, label)])
}

function indexFrom(name: string, key: string): number {
  if (/^\d+$/.test(key)) return Number(key)
  throw badLabels(name, `has the key '${key}', expected the index of a class, as in {"0": "name"}`)
}

/** TorchServe's two forms: `"name"`, and `["id", "name"]` as ImageNet's list has it. */
function labelFrom(name: string, value: unknown): string {
  const label: unknown = Array.isArray(value) ? value.at(-1) : value
  if (typeof label !== 'string')
    throw badLabels(name, `has the label ${JSON.stringify(value)}, which is no string`)
  return label
}

/** Labels are the keys of an answer: a repeated one (ImageNet has two `crane`s) gets its index. */
function distinct(entries: Iterable<[number, string]>): Map<number, string> {
  const seen = new Set<string>()
  const labels = new Map<number, string>()
  for (const [index, label] of entries) {
    labels.set(index, seen.has(label) ? `${label} (${index})` : label)
    seen.add(label)
  }
  return labels
}

function badLabels(name: string, problem: string): ServingError {
  return new ServingError('invalid_argument', `the labels file '${name}' ${problem}`, {
    reason: 'model_config',
  })
}
