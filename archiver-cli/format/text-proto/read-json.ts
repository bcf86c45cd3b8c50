import { ServingError } from '../../../worker/contract/errors.ts'
import { nearest } from '../../../worker/contract/nearest.ts'
import { shownValue } from '../../../worker/contract/shown-value.ts'
import type { ProtoField, ProtoMessage, ProtoType, ProtoValue } from './schema.ts'

/** Of a name in an error. */
const MAX_SHOWN_NAME = 80

/**
 * Reads protobuf's JSON form of a message of a known type into the plain data that the text form gives: names as in
 * the definition or in camel case, null for what is absent, integers as numbers, `bigint` or texts.
 *
 * @param what names the value in errors
 * @throws ServingError `invalid_argument` (reason `json_proto`) with a JSON pointer
 */
export function readJsonProto<M extends ProtoMessage>(
  value: unknown,
  schema: M,
  what: string,
): ProtoValue<M> {
  return readMessage(value, schema, { what, pointer: '' }) as ProtoValue<M> // what the schema says, field by field
}

type Plain = Record<string, unknown>
type Place = { readonly what: string; readonly pointer: string }

function readMessage(value: unknown, schema: ProtoMessage, place: Place): Plain {
  const result: Plain = {}
  for (const [key, content] of Object.entries(objectFrom(value, place))) {
    if (content === null) continue
    const name = fieldName(key, schema)
    if (name === undefined) throw unknownField(key, schema, place)
    const inside = below(place, key)
    const rival = schema.oneOf
      .find((group) => group.includes(name))
      ?.find((each) => each !== name && Object.hasOwn(result, each))
    if (rival !== undefined) throw refused(inside, `and '${rival}' exclude each other; keep one`)
    if (Object.hasOwn(result, name)) throw refused(inside, 'is given in two spellings; keep one')
    const field = schema.fields[name]
    if (field !== undefined) result[name] = readField(content, field, inside)
  }
  return result
}

function readField(value: unknown, { type, shape }: ProtoField, place: Place): unknown {
  switch (shape) {
    case 'single':
      return readValue(value, type, place)
    case 'list':
      if (!Array.isArray(value)) throw refused(place, `is ${shownValue(value)}; expected a list`)
      return value.map((each, i) => readValue(each, type, below(place, String(i))))
    case 'map':
      return Object.fromEntries(
        Object.entries(objectFrom(value, place)).map(([key, each]) => [
          key,
          readValue(each, type, below(place, key)),
        ]),
      )
    default:
      return shape satisfies never
  }
}

function readValue(value: unknown, type: ProtoType, place: Place): unknown {
  if (type.kind === 'message') return readMessage(value, type, place)
  const read = type.fromJson(value)
  if (read === undefined) throw refused(place, `is ${shownValue(value)}; expected ${type.expected}`)
  return read
}

/** In the definition's own spelling. */
function fieldName(key: string, { fields }: ProtoMessage): string | undefined {
  const snake = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  return [key, snake].find((each) => Object.hasOwn(fields, each))
}

function objectFrom(value: unknown, place: Place): Plain {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isObject) throw refused(place, `is ${shownValue(value)}; expected an object`)
  return value as Plain // just checked
}

function unknownField(key: string, { fields }: ProtoMessage, place: Place): ServingError {
  const known = Object.keys(fields)
  const suggestion = nearest(key, known)
  const hint = suggestion === undefined ? `known are ${known.join(', ')}` : `did you mean '${suggestion}'?`
  return refused(below(place, key), `is no field here; ${known.length === 0 ? 'there are none' : hint}`)
}

/** @see RFC 6901 */
function below({ what, pointer }: Place, key: string): Place {
  const escaped = key.slice(0, MAX_SHOWN_NAME).replaceAll('~', '~0').replaceAll('/', '~1')
  return { what, pointer: `${pointer}/${escaped}` }
}

function refused({ what, pointer }: Place, problem: string): ServingError {
  const where = pointer === '' ? what : `'${pointer}' of ${what}`
  return new ServingError('invalid_argument', `${where} ${problem}`, { reason: 'json_proto' })
}
