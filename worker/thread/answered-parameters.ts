import { ServingError } from '../contract/errors.ts'
import type { Parameters, ParameterValue } from '../contract/messages.ts'

/**
 * The parameters that a handler put beside its answer, as data.
 *
 * @throws ServingError `internal` naming the one that no protocol can carry.
 */
export function checkParameters(parameters: unknown): Parameters {
  if (typeof parameters !== 'object' || parameters === null || Array.isArray(parameters)) {
    throw badParameters(`that are no object`)
  }
  const entries = Object.entries(parameters).map(
    ([name, value]) => [name, parameterFrom(name, value)] as const,
  )
  return Object.fromEntries(entries)
}

function parameterFrom(name: string, value: unknown): ParameterValue {
  if (typeof value === 'boolean' || typeof value === 'string') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  // No double holds the larger ones.
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  const found = typeof value === 'number' ? String(value) : `a ${value === null ? 'null' : typeof value}`
  throw badParameters(`of which '${name}' is ${found}, expected is a string, a finite number or a boolean`)
}

function badParameters(problem: string): ServingError {
  return new ServingError('internal', `the handler set response parameters ${problem}`)
}
