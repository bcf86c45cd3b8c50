import { flagName, SETTING_KEYS, SETTINGS, type Setting, type SettingKey } from './schema.ts'

/** The settings as a Markdown table, for the README; a test compares the two. */
export function settingsTable(): string {
  const header = ['Flag', '`config.properties`', 'Default', 'Allowed', 'What it decides or protects']
  return [row(header), row(header.map(() => '---')), ...SETTING_KEYS.map((key) => row(cells(key)))].join('\n')
}

function cells(key: SettingKey): string[] {
  const setting: Setting<unknown> = SETTINGS[key]
  const { property, propertyInSeconds, kind, doc } = setting
  const seconds = propertyInSeconds === undefined ? '' : `, or \`${propertyInSeconds}\` in seconds`
  return [`\`${flagName(key)}\``, `\`${property}\`${seconds}`, shownDefault(setting), kind.expected, doc]
}

function shownDefault({ kind, default: own, defaultText, torchserveDefault }: Setting<unknown>): string {
  const shown = (value: unknown) => (kind.format(value) === '' ? 'none' : `\`${kind.format(value)}\``)
  const text = defaultText ?? shown(own)
  if (torchserveDefault === undefined) return text
  return `${text}; ${shown(torchserveDefault)} with \`compatibility=torchserve\``
}

function row(columns: readonly string[]): string {
  return `| ${columns.map((column) => column.replaceAll('|', '\\|')).join(' | ')} |`
}
