import { nearest } from '../../../worker/contract/nearest.ts'
import { parseTextProto, type TextField, type TextMessage, type TextValue } from './parse.ts'
import { uint64, type ProtoField, type ProtoMessage, type ProtoType, type ProtoValue } from './schema.ts'
import { refusingAt, type RefuseAt } from './tokens.ts'

/**
 * Reads a message of a known type from protobuf's text format into plain data, as strictly as protobuf does: an
 * unknown field, a wrong type and a single field given twice are mistakes.
 *
 * @param what names the text in errors, for example `config.pbtxt`
 * @throws ServingError `invalid_argument` (reason `text_proto`) with line and column
 */
export function readTextProto<M extends ProtoMessage>(text: string, schema: M, what: string): ProtoValue<M> {
  const refuse = refusingAt(what)
  const fields = parseTextProto(text, what)
  return readMessage(fields, schema, refuse) as ProtoValue<M> // what the schema says, field by field
}

type Plain = Record<string, unknown>

function readMessage(fields: TextMessage, schema: ProtoMessage, refuse: RefuseAt): Plain {
  const result: Plain = {}
  for (const field of fields) {
    const type = Object.hasOwn(schema.fields, field.name) ? schema.fields[field.name] : undefined
    if (type === undefined) throw unknownField(field, schema, refuse)
    checkOneOf(field, result, { schema, refuse })
    readField(field, { type, into: result, refuse })
  }
  return result
}

function unknownField(field: TextField, { fields }: ProtoMessage, refuse: RefuseAt) {
  const known = Object.keys(fields)
  const suggestion = nearest(field.name, known)
  const hint =
    suggestion === undefined ? `; known are ${known.join(', ')}` : `; did you mean '${suggestion}'?`
  return refuse(field, `there is no field '${field.name.slice(0, 80)}' here${known.length === 0 ? '' : hint}`)
}

function checkOneOf(
  { name, ...position }: TextField,
  result: Plain,
  { schema, refuse }: { readonly schema: ProtoMessage; readonly refuse: RefuseAt },
): void {
  const rivals = schema.oneOf.find((group) => group.includes(name)) ?? []
  const rival = rivals.find((each) => each !== name && Object.hasOwn(result, each))
  if (rival !== undefined) throw refuse(position, `'${name}' and '${rival}' exclude each other; keep one`)
}

type FieldTarget = { readonly type: ProtoField; readonly into: Plain; readonly refuse: RefuseAt }

function readField({ name, values, ...position }: TextField, { type, into, refuse }: FieldTarget): void {
  const read = (value: TextValue) => readValue(value, type.type, { name, refuse })
  switch (type.shape) {
    case 'list': {
      const list = (into[name] ??= []) as unknown[] // made here
      for (const value of values) list.push(read(value))
      return
    }
    case 'map': {
      const map = (into[name] ??= {}) as Plain // made here
      for (const value of values) readMapEntry(value, map, { name, field: type, refuse })
      return
    }
    case 'single': {
      const [value, ...others] = values
      if (value === undefined || others.length > 0)
        throw refuse(position, `'${name}' takes one value, not a list`)
      if (Object.hasOwn(into, name)) throw refuse(position, `'${name}' is given twice; keep one`)
      into[name] = read(value)
      return
    }
    default:
      type.shape satisfies never
  }
}

type MapTarget = { readonly name: string; readonly field: ProtoField; readonly refuse: RefuseAt }

function readMapEntry(value: TextValue, map: Plain, { name, field, refuse }: MapTarget): void {
  if (value.kind !== 'message') throw refuse(value, `'${name}' takes entries of the form { key: … value: … }`)
  const [keys = [], contents = []] = ['key', 'value'].map((part) =>
    value.fields.filter((each) => each.name === part),
  )
  const stranger = value.fields.find((each) => each.name !== 'key' && each.name !== 'value')
  if (stranger !== undefined)
    throw refuse(stranger, `an entry of '${name}' has a key and a value, no '${stranger.name}'`)
  const key = mapKey(keys[0]?.values[0], field)
  const content = contents[0]?.values[0]
  if (keys.length !== 1 || contents.length !== 1 || key === undefined || content === undefined) {
    const expected = field.keys === 'integers' ? 'an integer' : 'in quotes'
    throw refuse(value, `an entry of '${name}' needs one key, ${expected}, and one value`)
  }
  if (key === '__proto__') throw refuse(value, `'${name}' has the key '__proto__'`)
  map[key] = readValue(content, field.type, { name, refuse })
}

function mapKey(value: TextValue | undefined, { keys }: ProtoField): string | undefined {
  if (value === undefined || value.kind === 'message') return undefined
  if (keys === 'integers') return uint64.fromText(value)?.toString()
  return value.kind === 'string' ? value.text : undefined
}

function readValue(
  value: TextValue,
  type: ProtoType,
  { name, refuse }: { readonly name: string; readonly refuse: RefuseAt },
): unknown {
  if (type.kind === 'message') {
    if (value.kind === 'message') return readMessage(value.fields, type, refuse)
    throw refuse(value, `'${name}' is a message; write ${name} { … }`)
  }
  if (value.kind === 'message') throw refuse(value, `'${name}' is no message; expected ${type.expected}`)
  const read = type.fromText(value)
  if (read !== undefined) return read
  throw refuse(value, `'${name}' is ${JSON.stringify(value.text.slice(0, 80))}; expected ${type.expected}`)
}
