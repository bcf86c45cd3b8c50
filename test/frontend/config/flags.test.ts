import assert from 'node:assert/strict'
import { Command } from 'commander'
import { settingsTable } from '../../../frontend/config/document.ts'
import { addConfigOptions, sourcesFromOptions } from '../../../frontend/config/flags.ts'
import {
  environmentName,
  flagName,
  SETTING_KEYS,
  SETTINGS,
  type Setting,
} from '../../../frontend/config/schema.ts'

function optionsOf(...args: string[]) {
  const command = addConfigOptions(new Command().exitOverride())
  return command.parse(args, { from: 'user' }).opts()
}

describe('configuration flags', () => {
  it('turn every flag back into its key', () => {
    const args = SETTING_KEYS.flatMap((key) => [flagName(key), `of ${key}`])
    const { flags } = sourcesFromOptions(optionsOf(...args))
    assert.deepEqual(flags, Object.fromEntries(SETTING_KEYS.map((key) => [key, `of ${key}`])))
  })

  it('leave out what was not given', () => {
    assert.deepEqual(sourcesFromOptions(optionsOf()), { flags: {}, flagProperties: [] })
  })

  it('carry the configuration file', () => {
    assert.equal(sourcesFromOptions(optionsOf('--config-file', 'x')).configFile, 'x')
  })

  it('explain range and default in --help', () => {
    const help = addConfigOptions(new Command()).configureHelp({ helpWidth: 10_000 }).helpInformation()
    assert.match(
      help,
      /--max-queued-requests <value> .*\[an integer from 1 to 1000000 requests; default 1000; 100 with compatibility=torchserve\]/,
    )
  })
})

describe('the settings schema', () => {
  for (const key of SETTING_KEYS) {
    it(`accepts its own default of ${key}`, () => {
      const { kind, default: value, defaultText }: Setting<unknown> = SETTINGS[key]
      const derived = defaultText !== undefined && value === ''
      assert.deepEqual(derived ? value : (kind.parse(kind.format(value)) ?? 'refused'), value)
    })
  }

  it('uses each property, variable and flag once', () => {
    const names = SETTING_KEYS.flatMap((key) => {
      const { property, propertyInSeconds = `${key} has none` }: Setting<unknown> = SETTINGS[key]
      return [property, propertyInSeconds, environmentName(key), flagName(key)]
    })
    assert.equal(new Set(names).size, names.length)
  })

  it('becomes a Markdown table with a row for every setting', () => {
    const rows = settingsTable().split('\n')
    assert.equal(rows.length, SETTING_KEYS.length + 2)
    assert.match(
      settingsTable(),
      /\| `--log-format` \| `log_format` \| `auto` \| auto \\\| json \\\| pretty \|/,
    )
    for (const row of rows) assert.equal(row.match(/(?<!\\)\|/g)?.length, 6, row)
  })
})
