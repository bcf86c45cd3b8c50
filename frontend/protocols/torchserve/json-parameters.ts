import { parseJson } from '../../../worker/contract/json.ts'
import { badParameter, badRequest, repeatedParameter } from './errors.ts'

/**
 * The members of a JSON object of parameters. TorchServe lets numbers and booleans be texts in JSON, and texts they
 * become.
 *
 * @param json blank when there is none
 * @throws ServingError `invalid_argument`
 */
export function entriesOfJson(json: string): [string, string][] {
  if (json.trim() === '') return []
  const value = parseJson(json, 'the request body')
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badRequest('the request body must be a JSON object of parameters, such as {"url": "digits.mar"}')
  }
  const entries = Object.entries(value).map(([name, member]): [string, string] => {
    if (typeof member === 'string' || typeof member === 'number' || typeof member === 'boolean') {
      return [name, String(member)]
    }
    throw badParameter(name, kindOf(member), 'a text, a number, true or false')
  })
  const repeated = repeatedKey(json)
  if (repeated !== undefined) throw repeatedParameter(repeated)
  return entries
}

/** Not its text: that may be nested deeper than can be written out. */
function kindOf(member: unknown): string {
  return member === null ? 'null' : Array.isArray(member) ? 'an array' : 'an object'
}

const MEMBER = /("(?:[^"\\]|\\.)*")\s*(:)?/g

/** The key that a flat object has twice: parsing keeps only the last. @param json valid, without inner objects */
function repeatedKey(json: string): string | undefined {
  const seen = new Set<string>()
  for (const [, literal = '', colon] of json.matchAll(MEMBER)) {
    if (colon === undefined) continue
    const key = String(JSON.parse(literal))
    if (seen.has(key)) return key
    seen.add(key)
  }
  return undefined
}
