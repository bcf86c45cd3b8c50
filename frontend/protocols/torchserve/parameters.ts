import { badParameter, missingParameter, repeatedParameter, unknownParameter } from './errors.ts'
import { entriesOfJson } from './json-parameters.ts'
import type { JsonSchema } from '../kernel/openapi/json-schema.ts'
import type { HasQuirk } from './quirks.ts'

/** How one parameter is read from its text. */
export type Parameter<T> = {
  readonly expected: string
  /** For the description of the API. */
  readonly json: JsonSchema
  readonly parse: (text: string) => T | undefined
  /** What TorchServe makes of a text that does not parse; a value of undefined is as if it had not been given. */
  readonly quirk?: (text: string) => { readonly value: T | undefined } | undefined
}

/** A parameter by name, or undefined when it was not given. */
export type Values<S extends Schema> = {
  readonly [K in keyof S]?: S[K] extends Parameter<infer T> ? T : never
}
export type Schema = Readonly<Record<string, Parameter<unknown>>>

/** Where a request has its parameters. */
export type ParameterSource = {
  /** Without its `?`. */
  readonly query: string
  /** A JSON object of parameters; blank when there is none. */
  readonly json?: string
}

const ABSENT = { value: undefined }

export const text: Parameter<string> = {
  expected: 'a text',
  json: { type: 'string' },
  parse: (value) => (value === '' ? undefined : value),
}

export const flag: Parameter<boolean> = {
  expected: 'true or false',
  json: { type: 'boolean' },
  parse: (value) => {
    const word = value.toLowerCase()
    return word === 'true' ? true : word === 'false' ? false : undefined
  },
  quirk: () => ({ value: false }),
}

const INTEGER = /^-?\d+$/

export function integer(min: number, max: number, unit = ''): Parameter<number> {
  return {
    expected: `an integer from ${min} to ${max}${unit}`,
    json: { type: 'integer', minimum: min, maximum: max },
    parse: (value) => {
      const number = INTEGER.test(value) ? Number(value) : Number.NaN
      return number >= min && number <= max ? number : undefined
    },
    // A number that is out of range would be taken there, and fail later.
    quirk: (value) => (INTEGER.test(value) ? undefined : ABSENT),
  }
}

/** One that TorchServe takes as absent when it is out of range, too. */
export function boundedInteger(min: number, max: number): Parameter<number> {
  return { ...integer(min, max), quirk: () => ABSENT }
}

/** Accepted because TorchServe accepts it, and without effect there too. */
export const ignored: Parameter<string> = {
  expected: 'anything',
  json: { type: 'string' },
  parse: (value) => value,
}

/**
 * Reads the parameters of a request, from its query and from a JSON object if it has one.
 *
 * @throws ServingError `invalid_argument` naming parameter, value, and what is allowed.
 */
export function readParameters<S extends Schema>(
  schema: S,
  { query, json = '' }: ParameterSource,
  hasQuirk: HasQuirk,
): Values<S> {
  const isLenient = hasQuirk('parameters')
  const values = new Map<string, unknown>()
  for (const [name, value] of [...new URLSearchParams(query), ...entriesOfJson(json)]) {
    const parameter = Object.hasOwn(schema, name) ? schema[name] : undefined
    if (isLenient && (parameter === undefined || values.has(name))) continue
    if (parameter === undefined) throw unknownParameter(name, Object.keys(schema))
    if (values.has(name)) throw repeatedParameter(name)
    values.set(name, valueOf(parameter, [name, value], isLenient))
  }
  return Object.fromEntries(values) as Values<S> // each name is in the schema, each value came from its parser
}

function valueOf(
  parameter: Parameter<unknown>,
  [name, text]: readonly [string, string],
  isLenient: boolean,
): unknown {
  const value = parameter.parse(text)
  if (value !== undefined) return value
  const otherwise = isLenient ? parameter.quirk?.(text) : undefined
  if (otherwise === undefined) throw badParameter(name, text, parameter.expected)
  return otherwise.value
}

export function required<T>(value: T | undefined, name: string, expected: string): T {
  if (value === undefined) throw missingParameter(name, expected)
  return value
}
