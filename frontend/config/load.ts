import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { badValue, givenTwice, sameAddress, unknownSetting, unreadableFile } from './errors.ts'
import { parseProperties } from './properties.ts'
import {
  defaultOf,
  ENVIRONMENT_PREFIX,
  environmentName,
  flagName,
  SETTING_KEYS,
  SETTINGS,
  type Config,
  type Setting,
  type SettingKey,
} from './schema.ts'
import type { ListenAddress } from './values.ts'

export type ConfigSources = {
  /** Raw texts of the flags that were given. */
  readonly flags: Readonly<Partial<Record<SettingKey, string>>>
  /** The file named by a flag. Absent: the one named by the environment, else `config.properties` if it exists. */
  readonly configFile?: string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Relative paths start here. */
  readonly workingDirectory: string
}

/** Names a configuration file; not a setting, because it cannot be in the file itself. */
export const CONFIG_FILE_VARIABLE = `${ENVIRONMENT_PREFIX}CONFIG_FILE`
const DEFAULT_CONFIG_FILE = 'config.properties'

type Assignment = {
  readonly key: SettingKey
  readonly source: string
  readonly name: string
  readonly text: string
  readonly inSeconds: boolean
}

/**
 * Merges all sources into the configuration: defaults < file < environment < flags.
 *
 * @throws ServingError `invalid_argument` naming source, setting, value and what is allowed.
 */
export function loadConfig(sources: ConfigSources): Config {
  const assignments = [...fromFile(sources), ...fromEnvironment(sources), ...fromFlags(sources)]
  const given = new Map(assignments.map((assignment) => [assignment.key, valueOf(assignment)]))
  const compatibility = given.get('compatibility') ?? SETTINGS.compatibility.default
  const values: Record<string, unknown> = {}
  for (const key of SETTING_KEYS) values[key] = given.get(key) ?? defaultOf(SETTINGS[key], compatibility)
  const merged = values as Config // each key of the schema was set by its own default or parser
  checkAddresses(merged)
  return deepFreeze(withAbsolutePaths(merged, sources.workingDirectory))
}

function fromFile(sources: ConfigSources): Assignment[] {
  const path = configFilePath(sources)
  if (path === undefined) return []
  const seen = new Map<SettingKey, string>()
  return parseProperties(readText(path)).map(({ name, value, line }) => {
    const source = `${path}:${line}`
    const known = PROPERTIES.get(name)
    if (known === undefined) throw unknownSetting(source, name, [...PROPERTIES.keys()])
    const earlier = seen.get(known.key)
    if (earlier !== undefined) throw givenTwice(source, earlier, name)
    seen.set(known.key, name)
    return { ...known, source, name, text: value }
  })
}

function configFilePath({ configFile, environment, workingDirectory }: ConfigSources): string | undefined {
  const named = configFile ?? environment[CONFIG_FILE_VARIABLE]
  if (named !== undefined) return resolve(workingDirectory, named)
  const path = resolve(workingDirectory, DEFAULT_CONFIG_FILE)
  return existsSync(path) ? path : undefined
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw unreadableFile(path, error)
  }
}

function fromEnvironment({ environment }: ConfigSources): Assignment[] {
  return Object.entries(environment).flatMap(([name, text]) => {
    if (!name.startsWith(ENVIRONMENT_PREFIX) || name === CONFIG_FILE_VARIABLE || text === undefined) return []
    const key = VARIABLES.get(name)
    if (key === undefined) throw unknownSetting('environment', name, [...VARIABLES.keys()])
    return [{ key, source: 'environment', name, text: text.trim(), inSeconds: false }]
  })
}

function fromFlags({ flags }: ConfigSources): Assignment[] {
  return SETTING_KEYS.flatMap((key) => {
    const text = flags[key]
    return text === undefined
      ? []
      : [{ key, source: 'command line', name: flagName(key), text, inSeconds: false }]
  })
}

const PROPERTIES = new Map<string, { readonly key: SettingKey; readonly inSeconds: boolean }>(
  SETTING_KEYS.flatMap((key) => {
    const { property, propertyInSeconds }: Setting<unknown> = SETTINGS[key]
    const names = propertyInSeconds === undefined ? [property] : [property, propertyInSeconds]
    return names.map((name) => [name, { key, inSeconds: name !== property }])
  }),
)

const VARIABLES = new Map(SETTING_KEYS.map((key) => [environmentName(key), key]))

function valueOf({ key, source, name, text, inSeconds }: Assignment): unknown {
  const { kind }: Setting<unknown> = SETTINGS[key]
  const value = kind.parse(inSeconds && /^\d+$/.test(text) ? `${text}000` : text)
  if (value !== undefined) return value
  throw badValue(source, name, text, inSeconds ? 'an integer from 1 to 86400 seconds' : kind.expected)
}

/** Two listeners on one address would answer each other's routes; TorchServe's combined listener collides. */
function checkAddresses(config: Config): void {
  const taken = new Map<string, string>()
  for (const key of ['inferenceAddress', 'managementAddress', 'metricsAddress'] as const) {
    const { property, kind } = SETTINGS[key]
    const address = kind.format(config[key])
    const other = isChosenLater(config[key]) ? undefined : taken.get(address)
    if (other !== undefined) throw sameAddress(other, property, address)
    taken.set(address, property)
  }
}

function isChosenLater(address: ListenAddress): boolean {
  return 'port' in address && address.port === 0
}

function withAbsolutePaths(config: Config, workingDirectory: string): Config {
  const modelStore = resolve(workingDirectory, config.modelStore)
  const stateDir =
    config.stateDir === '' ? resolve(modelStore, '.onnxserve') : resolve(workingDirectory, config.stateDir)
  return { ...config, modelStore, stateDir }
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    if (typeof inner === 'object' && inner !== null) deepFreeze(inner)
  }
  return Object.freeze(value)
}
