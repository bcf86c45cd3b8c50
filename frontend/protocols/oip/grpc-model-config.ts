import { isJsonObject, type JsonObject } from './json-body.ts'

/** The fields of `ModelConfig`, and of what it consists of, that are maps. Elsewhere these names are lists. */
const MAPS: ReadonlySet<string> = new Set([
  'cc_model_filenames',
  'input_map',
  'inputs',
  'metric_tags',
  'output_map',
  'parameters',
  'priority_queue_policy',
])

/** A configuration as its message: maps are lists of entries here. */
export function modelConfigToGrpc(config: JsonObject): JsonObject {
  const fields = Object.entries(config).map(([name, value]) => {
    if (MAPS.has(name) && isJsonObject(value)) return [name, entriesOf(value)] as const
    return [name, valueToGrpc(value)] as const
  })
  return Object.fromEntries(fields)
}

function entriesOf(map: JsonObject): { readonly key: string; readonly value: unknown }[] {
  return Object.entries(map).map(([key, value]) => ({ key, value: valueToGrpc(value) }))
}

function valueToGrpc(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(valueToGrpc)
  return isJsonObject(value) ? modelConfigToGrpc(value) : value
}
