import { ServingError } from '../../../worker/contract/errors.ts'
import { shownValue } from '../../../worker/contract/shown-value.ts'

/* Values of a request's JSON, by their place in it: a JSON pointer. The whole body has none: `the request body`. */

export type JsonObject = Readonly<Record<string, unknown>>

export const WHOLE_BODY = 'the request body'

export function objectAt(value: unknown, at: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
  throw badValue(at, value, 'an object')
}

/** Absent: without members. */
export function optionalObjectAt(value: unknown, at: string): JsonObject {
  return value === undefined ? NO_MEMBERS : objectAt(value, at)
}

const NO_MEMBERS: JsonObject = {}

export function listAt(value: unknown, at: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw badValue(at, value, 'a list')
}

export function textAt(value: unknown, at: string): string {
  if (typeof value === 'string') return value
  throw badValue(at, value, 'a string')
}

export function flagAt(value: unknown, at: string): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value
  throw badValue(at, value, 'true or false')
}

export function badValue(at: string, value: unknown, expected: string): ServingError {
  return badBody(`${at} is ${shownValue(value)}, expected ${expected}`)
}

export function badBody(message: string): ServingError {
  return new ServingError('invalid_argument', message, { reason: 'request_body' })
}

/** The same error, with the place in the body that it is about. */
export function atPlace(at: string, { code, message, reason }: ServingError): ServingError {
  return new ServingError(code, `${at}: ${message}`, reason === undefined ? {} : { reason })
}
