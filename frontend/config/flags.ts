import { Option, type Command } from 'commander'
import { defaultText, flagName, SETTING_KEYS, SETTINGS, type Setting, type SettingKey } from './schema.ts'
import type { ConfigSources } from './load.ts'

/** Adds `--config-file` and one flag for every setting. Values stay texts: `loadConfig` reads them. */
export function addConfigOptions(command: Command): Command {
  command.addOption(
    new Option('--config-file <path>', 'properties file to read (default: ./config.properties if it exists)'),
  )
  for (const key of SETTING_KEYS) command.addOption(new Option(`${flagName(key)} <value>`, helpText(key)))
  return command
}

/** The part of `loadConfig`'s sources that came from the command line. */
export function sourcesFromOptions(
  options: Readonly<Record<string, unknown>>,
): Pick<ConfigSources, 'flags' | 'configFile'> {
  const flags: Partial<Record<SettingKey, string>> = {}
  for (const key of SETTING_KEYS) {
    const text = options[key] // commander's own camel case of the flag is the key again
    if (typeof text === 'string') flags[key] = text
  }
  const { configFile } = options
  return typeof configFile === 'string' ? { flags, configFile } : { flags }
}

function helpText(key: SettingKey): string {
  const { doc, kind }: Setting<unknown> = SETTINGS[key]
  return `${doc} [${kind.expected}; default ${defaultText(SETTINGS[key])}]`
}
