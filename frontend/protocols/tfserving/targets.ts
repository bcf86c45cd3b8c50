import type { ModelSelector } from '../../core/data-plane.ts'
import type { Call } from '../kernel/route-table.ts'
import { badVersion } from './errors.ts'

const DIGITS = /^\d+$/
const MAX_INT64 = 2n ** 63n - 1n
/** Digits of the largest 64-bit integer; of longer texts not even an integer is made. */
const MAX_DIGITS = 19

/** Which model a path means: `/v1/models/{model}[/versions/{version}|/labels/{label}]`. */
export function targetOf({ model = '', version, label }: Call['params']): ModelSelector {
  if (label !== undefined) return { name: model, label }
  return version === undefined ? { name: model } : { name: model, ...versionFrom(version) }
}

/**
 * An integer means the version that is known by it, whatever its own name is; leading zeros do not count. Other texts
 * are names of versions, which TensorFlow Serving cannot have and this server can.
 *
 * @throws ServingError `invalid_argument` for an integer beyond 64 bits
 */
export function versionFrom(text: string): Pick<ModelSelector, 'version' | 'integerVersion'> {
  if (!DIGITS.test(text)) return { version: text }
  const digits = text.replace(/^0+(?=\d)/, '')
  if (digits.length > MAX_DIGITS || BigInt(digits) > MAX_INT64) throw badVersion(text)
  return { integerVersion: digits }
}
