import { environmentName, SETTING_KEYS, SETTINGS, type Setting, type SettingKey } from './schema.ts'

/** The setting that a property names, and whether its value is in seconds. */
export type NamedSetting = { readonly key: SettingKey; readonly inSeconds: boolean }

/** Every property of `config.properties`, by name. */
export const PROPERTIES: ReadonlyMap<string, NamedSetting> = new Map(
  SETTING_KEYS.flatMap((key) => {
    const { property, propertyInSeconds, propertyAlias }: Setting<unknown> = SETTINGS[key]
    return [property, propertyInSeconds, propertyAlias]
      .filter((name) => name !== undefined)
      .map((name): [string, NamedSetting] => [name, { key, inSeconds: name === propertyInSeconds }])
  }),
)

/** Our own environment variables. */
export const VARIABLES: ReadonlyMap<string, SettingKey> = new Map(
  SETTING_KEYS.map((key) => [environmentName(key), key]),
)

/** Variables that TorchServe reads itself, whatever `enable_envvars_config` says. */
export const DIRECT_VARIABLES: ReadonlyMap<string, SettingKey> = new Map(
  SETTING_KEYS.flatMap((key): [string, SettingKey][] => {
    const { variable }: Setting<unknown> = SETTINGS[key]
    return variable === undefined ? [] : [[variable, key]]
  }),
)
