import type { LogLevel } from '../../../worker/contract/messages.ts'
import { badSetting, readOnlySetting, settingsNoObject, unknownSetting } from './setting-errors.ts'

/** The log whose settings these are: each level has a switch, and lines have a look. */
export interface LogTarget {
  readonly levels: Readonly<Record<LogLevel, boolean>>
  readonly style: 'configured' | 'iso_text'
  use(levels: LogTarget['levels'], style: LogTarget['style']): void
}

/** The settings in the words of the protocol. */
export type LogValues = {
  /** Where lines go; the empty text is standard output. */
  readonly log_file: string
  readonly log_info: boolean
  readonly log_warning: boolean
  readonly log_error: boolean
  /** Above 0 details are logged, too. */
  readonly log_verbose_level: number
  /** `default` is what the server was configured with. */
  readonly log_format: 'default' | 'ISO8601'
}

const MAX_UINT32 = 2 ** 32 - 1

/** The logging extension: what is logged, read and changed while the server runs. One for all transports. */
export class LogSettings {
  readonly #target: LogTarget
  #verboseLevel: number

  constructor(target: LogTarget) {
    this.#target = target
    this.#verboseLevel = target.levels.debug ? 1 : 0
  }

  read(): LogValues {
    const { levels, style } = this.#target
    return {
      log_file: '',
      log_info: levels.info,
      log_warning: levels.warn,
      log_error: levels.error,
      log_verbose_level: this.#verboseLevel,
      log_format: style === 'iso_text' ? 'ISO8601' : 'default',
    }
  }

  /**
   * Changes the settings that are given, all of them or none.
   *
   * @param given values by name, as they came
   * @returns all settings as they are then
   * @throws ServingError `invalid_argument` | `permission_denied` for the file
   */
  change(given: unknown): LogValues {
    const { log_info, log_warning, log_error, log_verbose_level, log_format } = changed(this.read(), given)
    this.#verboseLevel = log_verbose_level
    this.#target.use(
      { debug: log_verbose_level > 0, info: log_info, warn: log_warning, error: log_error },
      log_format === 'ISO8601' ? 'iso_text' : 'configured',
    )
    return this.read()
  }
}

function changed(current: LogValues, given: unknown): LogValues {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw settingsNoObject()
  const names = Object.keys(current)
  for (const [name, value] of Object.entries(given)) {
    if (name === 'log_file') throw readOnlySetting(name, 'log_location')
    if (!names.includes(name)) throw unknownSetting(name, names)
    checkValue(name, value)
  }
  return { ...current, ...given }
}

function checkValue(name: string, value: unknown): void {
  if (name === 'log_verbose_level') {
    const isLevel = typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_UINT32
    if (!isLevel) throw badSetting(name, 'an integer from 0 to 2^32-1', value)
  } else if (name === 'log_format') {
    if (value !== 'default' && value !== 'ISO8601') throw badSetting(name, '"default" or "ISO8601"', value)
  } else if (typeof value !== 'boolean') throw badSetting(name, 'true or false', value)
}
