import { ServingError } from '../../../worker/contract/errors.ts'
import { shownValue } from '../../../worker/contract/shown-value.ts'
import { nearest } from '../../../worker/contract/nearest.ts'

/* What changes of the log's and the trace's settings are refused for. */

export function settingsNoObject(): ServingError {
  return refused('the settings are no object; send one like {"name": value}')
}

export function unknownSetting(name: string, known: readonly string[]): ServingError {
  const suggestion = nearest(name, known)
  const hint = suggestion === undefined ? '' : `; did you mean '${suggestion}'?`
  return refused(
    `/${name.slice(0, 100)} is no setting, expected ${known.map((each) => `'${each}'`).join(', ')}${hint}`,
  )
}

export function badSetting(name: string, expected: string, value: unknown): ServingError {
  return refused(`/${name} is ${value === undefined ? 'missing' : shownValue(value)}, expected ${expected}`)
}

export function readOnlySetting(name: string, where: string): ServingError {
  return new ServingError(
    'permission_denied',
    `/${name} cannot be changed over the network, for it decides about files of the server; set it with ${where} at the start`,
    { reason: 'read_only_setting' },
  )
}

function refused(message: string): ServingError {
  return new ServingError('invalid_argument', `${message}; nothing was changed`, { reason: 'setting' })
}
