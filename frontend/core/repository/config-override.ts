import { readJsonProto } from '../../../archiver-cli/format/text-proto/read-json.ts'
import {
  tritonConfigSchema,
  type TritonConfig,
} from '../../../archiver-cli/format/triton/model-config-schema.ts'
import type { VersionChoice } from '../control-plane.ts'
import { badConfigOverride } from './errors.ts'

/** What a load asked for instead of what the model says itself; in force until it is unloaded. */
export type ConfigOverride = { readonly config: TritonConfig; readonly choice?: VersionChoice }

/**
 * Triton's ModelConfig as protobuf's JSON has it.
 *
 * @throws ServingError `invalid_argument` naming the field that is wrong
 */
export function readConfigOverride(name: string, json: Readonly<Record<string, unknown>>): ConfigOverride {
  const config = readJsonProto(json, tritonConfigSchema, 'the config')
  if (config.name !== undefined && config.name !== '' && config.name !== name) {
    throw badConfigOverride('name', `is '${config.name}', and the model that is to be loaded is '${name}'`)
  }
  const choice = choiceOf(config.version_policy)
  return choice === undefined ? { config } : { config, choice }
}

function choiceOf(policy: TritonConfig['version_policy'] = {}): VersionChoice | undefined {
  if (policy.all !== undefined) return { kind: 'all' }
  if (policy.specific !== undefined) {
    return { kind: 'specific', versions: (policy.specific.versions ?? []).map(String) }
  }
  if (policy.latest === undefined) return undefined
  const count = policy.latest.num_versions ?? 1
  if (count === 0)
    throw badConfigOverride('version_policy', 'asks for the latest 0 versions; expected at least 1')
  return { kind: 'latest', count }
}
