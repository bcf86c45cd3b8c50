import type { ServingError } from '../../worker/contract/errors.ts'
import { givenTwice, inapplicableKey, unknownSetting, withWayOut } from './errors.ts'
import {
  CONFIG_FILE_VARIABLE,
  TORCHSERVE_FILE_VARIABLE,
  type ConfigFile,
  type FileSearch,
} from './config-file.ts'
import { INAPPLICABLE_KEYS } from './inapplicable.ts'
import { DIRECT_VARIABLES, PROPERTIES, VARIABLES } from './names.ts'
import { ENVIRONMENT_PREFIX, flagName, SETTING_KEYS, type SettingKey } from './schema.ts'
import { TOKEN_VARIABLES } from './settings/security.ts'
import { TFSERVING_WITHOUT_MEANING } from './tfserving-without-meaning.ts'

/** A property that a flag of TorchServe stands for. */
export type FlagProperty = { readonly flag: string; readonly property: string; readonly text: string }

export type ConfigSources = FileSearch & {
  /** Raw texts of the flags that were given. */
  readonly flags: Readonly<Partial<Record<SettingKey, string>>>
  readonly flagProperties?: readonly FlagProperty[]
}

/** One setting given in one place. */
export type Assignment = {
  readonly key: SettingKey
  /** Where it was given, as the reader knows it. */
  readonly source: string
  readonly name: string
  readonly text: string
  readonly inSeconds: boolean
}

/** What a reader of TorchServe's properties may overlook, and whom it tells. */
export type Leniency = {
  readonly isLenient: boolean
  readonly note: (sentence: string) => void
  /** Takes a mistake, so that all of them can be told at once. */
  readonly refuse: (error: ServingError) => void
}

type GivenProperty = { readonly source: string; readonly name: string; readonly text: string }

export function fromFile(file: ConfigFile | undefined, leniency: Leniency): Assignment[] {
  if (file === undefined) return []
  const given = file.properties.map(({ name, value, line }) => ({
    source: `${file.path}:${line}`,
    name,
    text: value,
  }))
  const byKey = new Map<SettingKey, Assignment>()
  for (const assignment of given.flatMap((each) => assigned(each, leniency))) {
    const earlier = byKey.get(assignment.key)
    if (earlier !== undefined) refuseTwice(earlier, assignment, leniency)
    byKey.set(assignment.key, assignment)
  }
  return [...byKey.values()]
}

/** Java keeps the last of two; two names of one meaning are a mistake everywhere. */
function refuseTwice(earlier: Assignment, later: Assignment, { isLenient, note, refuse }: Leniency): void {
  const error = givenTwice(later.source, earlier.name, later.name)
  if (!isLenient || earlier.name !== later.name) refuse(error)
  else note(`${error.message}; the last one counts`)
}

export function fromEnvironment({ environment }: ConfigSources): Assignment[] {
  return Object.entries(environment).flatMap(([name, text]) => {
    if (!name.startsWith(ENVIRONMENT_PREFIX) || name === CONFIG_FILE_VARIABLE || text === undefined) return []
    if (Object.hasOwn(TOKEN_VARIABLES, name)) return []
    const key = VARIABLES.get(name)
    if (key === undefined)
      throw unknownSetting('environment', name, [...VARIABLES.keys(), ...Object.keys(TOKEN_VARIABLES)])
    return [{ key, source: 'environment', name, text: text.trim(), inSeconds: false }]
  })
}

/** Variables that TorchServe always reads, as `LOG_LOCATION`. */
export function fromDirectVariables({ environment }: ConfigSources): Assignment[] {
  return [...DIRECT_VARIABLES].flatMap(([name, key]) => {
    const text = environment[name]
    return text === undefined ? [] : [{ key, source: 'environment', name, text, inSeconds: false }]
  })
}

const TORCHSERVE_PREFIX = 'TS_'
const ALLOWED_URLS = 'allowed_urls'

export type TorchServeEnvironment = { readonly isEnabled: boolean; readonly mayAllowUrls: boolean }

/**
 * Properties given as `TS_` and their name in capitals, which `enable_envvars_config` switches on. One that would
 * count but is not switched on is noted; other variables with this prefix are not ours.
 */
export function fromTorchServeVariables(
  { environment }: ConfigSources,
  { isEnabled, mayAllowUrls }: TorchServeEnvironment,
  leniency: Leniency,
): Assignment[] {
  const names = [...PROPERTIES.keys(), ...Object.keys(INAPPLICABLE_KEYS)]
  return names.flatMap((property) => {
    const name = TORCHSERVE_PREFIX + property.toUpperCase()
    const text = environment[name]
    if (text === undefined || name === TORCHSERVE_FILE_VARIABLE || DIRECT_VARIABLES.has(name)) return []
    const needed = !isEnabled
      ? 'enable_envvars_config'
      : property === ALLOWED_URLS && !mayAllowUrls
        ? 'use_env_allowed_urls'
        : undefined
    if (needed !== undefined) {
      leniency.note(`environment: ${name} is set, but ${needed} is not true; ignored`)
      return []
    }
    return assigned({ source: `environment: ${name}`, name: property, text: text.trim() }, leniency)
  })
}

const FLAG_SOURCE = 'command line: '

export function fromFlags({ flags, flagProperties = [] }: ConfigSources, leniency: Leniency): Assignment[] {
  const own = SETTING_KEYS.flatMap((key): Assignment[] => {
    const text = flags[key]
    return text === undefined
      ? []
      : [{ key, source: 'command line', name: flagName(key), text, inSeconds: false }]
  })
  const translated = flagProperties.flatMap(({ flag, property, text }) => {
    const given = { source: `${FLAG_SOURCE}${flag}`, name: property, text }
    return isTfServingOnly(given, leniency) ? [] : assigned(given, leniency)
  })
  for (const { key, source } of translated) {
    const twin = own.find((each) => each.key === key)
    if (twin !== undefined) throw givenTwice(source, twin.name, source.slice(FLAG_SOURCE.length))
  }
  return [...own, ...translated]
}

/** Whether it is a flag of TF Serving that means nothing here: what it asks for is then noted, or refused. */
function isTfServingOnly({ source, name, text }: GivenProperty, { note, refuse }: Leniency): boolean {
  if (!Object.hasOwn(TFSERVING_WITHOUT_MEANING, name)) return false
  const { why = '', harmless = [], isRefused = false } = TFSERVING_WITHOUT_MEANING[name] ?? {}
  if (harmless.includes(text.toLowerCase())) return true
  const error = inapplicableKey(source, name, why)
  if (isRefused) refuse(error)
  else note(`${error.message}; ignored`)
  return true
}

/** The setting that a property stands for; none when it cannot apply and that may be overlooked. */
function assigned(given: GivenProperty, { isLenient, note, refuse }: Leniency): Assignment[] {
  const { source, name, text } = given
  const known = PROPERTIES.get(name)
  if (known !== undefined) return [{ ...known, source, name, text }]
  const inapplicable = Object.hasOwn(INAPPLICABLE_KEYS, name) ? INAPPLICABLE_KEYS[name] : undefined
  if (inapplicable?.harmless?.includes(text.toLowerCase()) === true) return []
  const error =
    inapplicable === undefined
      ? unknownSetting(source, name, [...PROPERTIES.keys()])
      : inapplicableKey(source, name, inapplicable.why)
  if (isLenient) note(`${error.message}; ignored`)
  else refuse(inapplicable === undefined ? error : withWayOut(error))
  return []
}
