import { Option, type Command } from 'commander'
import { twoFlags } from './errors.ts'
import { defaultText, flagName, SETTING_KEYS, SETTINGS, type Setting, type SettingKey } from './schema.ts'
import type { ConfigSources } from './sources.ts'
import { KSERVE_FLAGS } from './kserve-flags.ts'
import { TFSERVING_FLAGS } from './tfserving-flags.ts'
import { flagProperties, TORCHSERVE_FLAGS } from './torchserve-flags.ts'
import { toggle } from './values.ts'

const FOREIGN_FLAGS = [...TORCHSERVE_FLAGS, ...KSERVE_FLAGS, ...TFSERVING_FLAGS]

/** Adds the flags of the configuration: ours, one for every setting, and those of other servers. `loadConfig` reads the texts. */
export function addConfigOptions(command: Command): Command {
  command.addOption(
    new Option('--config-file <path>', 'properties file to read (default: ./config.properties if it exists)'),
  )
  command.addOption(new Option('--ts-config <path>', 'same as --config-file'))
  for (const key of SETTING_KEYS) command.addOption(new Option(declaration(key), helpText(key)))
  for (const { flags, doc, isHidden = false } of FOREIGN_FLAGS) {
    command.addOption(new Option(flags, doc).hideHelp(isHidden))
  }
  return command
}

/** The part of `loadConfig`'s sources that came from the command line. */
export function sourcesFromOptions(
  options: Readonly<Record<string, unknown>>,
): Pick<ConfigSources, 'flags' | 'flagProperties' | 'configFile'> {
  const flags: Partial<Record<SettingKey, string>> = {}
  for (const key of SETTING_KEYS) {
    const text = options[key] // commander's own camel case of the flag is the key again
    if (typeof text === 'string') flags[key] = text
    else if (text === true) flags[key] = 'true' // a toggle without a value
  }
  const { configFile, tsConfig } = options
  if (configFile !== undefined && tsConfig !== undefined) throw twoFlags('--config-file', '--ts-config')
  const named = configFile ?? tsConfig
  const sources = { flags, flagProperties: flagProperties(options, FOREIGN_FLAGS) }
  return typeof named === 'string' ? { ...sources, configFile: named } : sources
}

function declaration(key: SettingKey): string {
  const { kind }: Setting<unknown> = SETTINGS[key]
  return `${flagName(key)} ${kind === toggle ? '[value]' : '<value>'}`
}

function helpText(key: SettingKey): string {
  const { doc, kind }: Setting<unknown> = SETTINGS[key]
  return `${doc} [${kind.expected}; default ${defaultText(SETTINGS[key])}]`
}
