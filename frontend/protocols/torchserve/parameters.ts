import { parseJson } from '../../../worker/contract/json.ts'
import { badParameter, badRequest, missingParameter, repeatedParameter, unknownParameter } from './errors.ts'

/** How one parameter is read from its text. */
export type Parameter<T> = {
  readonly expected: string
  readonly parse: (text: string) => T | undefined
}

/** A parameter by name, or undefined when it was not given. */
export type Values<S extends Schema> = {
  readonly [K in keyof S]?: S[K] extends Parameter<infer T> ? T : never
}
export type Schema = Readonly<Record<string, Parameter<unknown>>>

export const text: Parameter<string> = {
  expected: 'a text',
  parse: (value) => (value === '' ? undefined : value),
}

export const flag: Parameter<boolean> = {
  expected: 'true or false',
  parse: (value) => {
    const word = value.toLowerCase()
    return word === 'true' ? true : word === 'false' ? false : undefined
  },
}

export function integer(min: number, max: number, unit = ''): Parameter<number> {
  return {
    expected: `an integer from ${min} to ${max}${unit}`,
    parse: (value) => {
      const number = /^-?\d+$/.test(value) ? Number(value) : Number.NaN
      return number >= min && number <= max ? number : undefined
    },
  }
}

/** Accepted because TorchServe accepts it, and without effect there too. */
export const ignored: Parameter<string> = { expected: 'anything', parse: (value) => value }

/**
 * Reads the parameters of a request, from its query and from a JSON object if it has one.
 *
 * @throws ServingError `invalid_argument` naming parameter, value, and what is allowed.
 */
export function readParameters<S extends Schema>(schema: S, query: string, json = ''): Values<S> {
  const values: Record<string, unknown> = {}
  for (const [name, value] of [...new URLSearchParams(query), ...entriesOfJson(json)]) {
    const parameter = Object.hasOwn(schema, name) ? schema[name] : undefined
    if (parameter === undefined) throw unknownParameter(name, Object.keys(schema))
    if (Object.hasOwn(values, name)) throw repeatedParameter(name)
    values[name] = parameter.parse(value)
    if (values[name] === undefined) throw badParameter(name, value, parameter.expected)
  }
  return values as Values<S> // each name is in the schema, each value came from its parser
}

export function required<T>(value: T | undefined, name: string, expected: string): T {
  if (value === undefined) throw missingParameter(name, expected)
  return value
}

/** TorchServe lets numbers and booleans be texts in JSON, and texts they become. */
function entriesOfJson(json: string): [string, string][] {
  if (json.trim() === '') return []
  const value = parseJson(json, 'the request body')
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badRequest('the request body must be a JSON object of parameters, such as {"url": "digits.mar"}')
  }
  return Object.entries(value).map(([name, member]): [string, string] => {
    if (typeof member === 'string' || typeof member === 'number' || typeof member === 'boolean') {
      return [name, String(member)]
    }
    throw badParameter(name, JSON.stringify(member), 'a text, a number, true or false')
  })
}
