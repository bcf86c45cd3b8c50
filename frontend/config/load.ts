import { resolve } from 'node:path'
import { readConfigFile, type ConfigFile } from './config-file.ts'
import { ServingError } from '../../worker/contract/errors.ts'
import { batchingOf } from './batching.ts'
import { badValue, together, twoKindsOfPaths } from './errors.ts'
import {
  defaultOf,
  environmentName,
  SETTING_KEYS,
  SETTINGS,
  type Config,
  type Setting,
  type SettingKey,
} from './schema.ts'
import {
  fromDirectVariables,
  fromEnvironment,
  fromFile,
  fromFlags,
  fromTorchServeVariables,
  type Assignment,
  type ConfigSources,
} from './sources.ts'

export type { ConfigSources } from './sources.ts'

/** Oddities of TorchServe's configuration; the dialect's table of quirks describes them. */
export type ConfigQuirk =
  'configFileOrder' | 'torchserveDefaults' | 'unknownProperties' | 'variablesBeforeFlags'
export type QuirksOf = (compatibility: 'strict' | 'torchserve') => (name: ConfigQuirk) => boolean

export type LoadedConfig = {
  readonly config: Config
  /** What was overlooked, a sentence each, for the log. */
  readonly notes: readonly string[]
  /** The configuration file that was read. */
  readonly file: string | undefined
}

/**
 * Merges all sources into the configuration: defaults < file < environment < flags.
 *
 * Whose manners apply is read first: from a flag, else the environment, else the file.
 *
 * @throws ServingError `invalid_argument` naming source, setting, value and what is allowed.
 */
export function loadConfig(sources: ConfigSources, quirksOf: QuirksOf): LoadedConfig {
  const early = compatibilityOf(textOf('compatibility', sources, undefined))
  const file = readConfigFile(sources, quirksOf(early)('configFileOrder'))
  const compatibility = compatibilityOf(textOf('compatibility', sources, file))
  const hasQuirk = quirksOf(compatibility)
  const notes: string[] = []
  const mistakes: ServingError[] = []
  const given = new Map<SettingKey, unknown>()
  for (const assignment of assignmentsOf({ sources, file, hasQuirk, notes, mistakes })) {
    const value = valueOf(assignment)
    if (value instanceof ServingError) mistakes.push(value)
    else given.set(assignment.key, value)
  }
  const [mistake, ...others] = mistakes
  if (mistake !== undefined) throw together([mistake, ...others])
  const values: Record<string, unknown> = {}
  for (const key of SETTING_KEYS)
    values[key] = given.get(key) ?? defaultOf(SETTINGS[key], hasQuirk('torchserveDefaults'))
  const merged = values as Config // each key of the schema was set by its own default or parser
  const servesPaths = merged.modelPaths.length > 0 || merged.modelBasePath !== ''
  const needsHome = servesPaths && !given.has('modelStore')
  const placed = withAbsolutePaths(merged, sources.workingDirectory, needsHome)
  checkBasePath(placed, notes)
  const batching = batchingOf(placed, given)
  const config = deepFreeze({ ...placed, ...batching.settings })
  return { config, notes: [...notes, ...batching.notes], file: file?.path }
}

/** TF Serving's image names a base path whatever else it is told, so that a list beside it is no mistake. */
function checkBasePath({ modelBasePath, modelPaths, modelConfigFile }: Config, notes: string[]): void {
  if (modelBasePath === '') return
  if (modelPaths.length > 0) throw twoKindsOfPaths()
  if (modelConfigFile !== '') {
    notes.push(
      `model_base_path is not looked at: the models are those of model_config_file, ${modelConfigFile}`,
    )
  }
}

/** A word that is none of the two is refused where values are read. */
function compatibilityOf(text: string | undefined): 'strict' | 'torchserve' {
  return text?.trim() === 'torchserve' ? 'torchserve' : 'strict'
}

type Reading = {
  readonly sources: ConfigSources
  readonly file: ConfigFile | undefined
  readonly hasQuirk: (name: ConfigQuirk) => boolean
  readonly notes: string[]
  readonly mistakes: ServingError[]
}

/** In ascending precedence. */
function assignmentsOf({ sources, file, hasQuirk, notes, mistakes }: Reading): Assignment[] {
  const leniency = {
    isLenient: hasQuirk('unknownProperties'),
    note: (sentence: string) => void notes.push(sentence),
    refuse: (error: ServingError) => void mistakes.push(error),
  }
  const isOn = (key: SettingKey) => textOf(key, sources, file)?.toLowerCase() === 'true'
  const switches = { isEnabled: isOn('enableEnvvarsConfig'), mayAllowUrls: isOn('useEnvAllowedUrls') }
  const direct = fromDirectVariables(sources)
  const flags = fromFlags(sources, leniency)
  return [
    ...fromFile(file, leniency),
    ...fromTorchServeVariables(sources, switches, leniency),
    ...(hasQuirk('variablesBeforeFlags') ? [] : direct),
    ...fromEnvironment(sources),
    ...flags,
    ...(hasQuirk('variablesBeforeFlags') ? direct : []),
  ]
}

/** A setting that decides how the others are read, before they are. */
function textOf(key: SettingKey, { flags, environment }: ConfigSources, file: ConfigFile | undefined) {
  const { property } = SETTINGS[key]
  const inFile = file?.properties.findLast(({ name }) => name === property)?.value
  return flags[key] ?? environment[environmentName(key)] ?? inFile
}

/** The value, or what is wrong with it. */
function valueOf({ key, source, name, text, inSeconds }: Assignment): unknown {
  const { kind, isSecret }: Setting<unknown> = SETTINGS[key]
  const value = kind.parse(inSeconds && /^\d+$/.test(text) ? `${text}000` : text)
  if (value !== undefined) return value
  return badValue(
    source,
    name,
    isSecret === true ? '…' : text,
    inSeconds ? 'an integer from 1 to 86400 seconds' : (kind.explain?.(text) ?? kind.expected),
  )
}

/** @param needsHome there is no model store, so that what is derived from it stays open: see `withHome` */
function withAbsolutePaths(config: Config, workingDirectory: string, needsHome: boolean): Config {
  const modelStore = needsHome ? '' : resolve(workingDirectory, config.modelStore)
  const stateDir =
    config.stateDir !== ''
      ? resolve(workingDirectory, config.stateDir)
      : needsHome
        ? ''
        : resolve(modelStore, '.onnxserve')
  const logLocation = config.logLocation === '' ? stateDir : resolve(workingDirectory, config.logLocation)
  const optional = (path: string) => (path === '' ? '' : resolve(workingDirectory, path))
  const metricsConfig = optional(config.metricsConfig)
  const metricsLocation = optional(config.metricsLocation)
  return {
    ...config,
    modelStore,
    stateDir,
    modelPaths: config.modelPaths.map((path) => resolve(workingDirectory, path)),
    logLocation,
    metricsConfig,
    metricsLocation,
    modelConfigFile: optional(config.modelConfigFile),
    modelBasePath: optional(config.modelBasePath),
    batchingParametersFile: optional(config.batchingParametersFile),
    keyFile: optional(config.keyFile),
    tokenFile: optional(config.tokenFile),
    certificateFile: optional(config.certificateFile),
    privateKeyFile: optional(config.privateKeyFile),
    keystore: optional(config.keystore),
    clientCaFile: optional(config.clientCaFile),
  }
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    if (typeof inner === 'object' && inner !== null) deepFreeze(inner)
  }
  return Object.freeze(value)
}
