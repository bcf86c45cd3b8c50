/*
 * Messages and services as data, in the form of protobuf.js' JSON descriptors. They are code, not `.proto` files, so
 * that the build, the package and the tests need no step that copies them; clients get them through reflection.
 */

export type Scalar =
  'string' | 'bytes' | 'bool' | 'int32' | 'int64' | 'uint32' | 'uint64' | 'float' | 'double'

export type Field = {
  readonly type: string
  readonly id: number
  readonly rule?: 'repeated'
  readonly options?: { readonly proto3_optional: true }
  /** The services get it as the bytes that it is on the wire. */
  readonly isUndecoded?: true
}

type Oneofs = Readonly<Record<string, { readonly oneof: readonly string[] }>>

export type Enum = { readonly values: Readonly<Record<string, number>> }

export type Message = {
  readonly fields: Readonly<Record<string, Field>>
  readonly oneofs?: Oneofs
  readonly nested?: Readonly<Record<string, Message | Enum>>
  readonly options?: { readonly map_entry: true }
}

type Method = {
  readonly requestType: string
  readonly responseType: string
  readonly requestStream?: true
  readonly responseStream?: true
}

export type Service = { readonly methods: Readonly<Record<string, Method>> }

export type Member = Namespace | Message | Enum | Service
export type Namespace = { readonly nested: Readonly<Record<string, Member>> }

export function field(type: Scalar, id: number): Field {
  return { type, id }
}

/** A field of another message's type; `google.` types by their full name. */
export function nested(type: string, id: number): Field {
  return { type, id }
}

export function repeated(type: string, id: number): Field {
  return { type, id, rule: 'repeated' }
}

/**
 * A message that the services decode themselves, where protobuf.js would make an object of each element. On the wire,
 * a message within a message is the same as bytes; clients see the message.
 */
export function undecoded(type: string, id: number): Field {
  return { type, id, isUndecoded: true }
}

/** A field whose absence can be told from its zero value. On the wire it is the same as one without this mark. */
export function optional(type: string, id: number): Field {
  return { type, id, options: { proto3_optional: true } }
}

/** The entries of a map: on the wire, a map is a repeated message of this form. */
export function mapEntry(keyType: Scalar, type: string): Message {
  return { fields: { key: field(keyType, 1), value: nested(type, 2) }, options: { map_entry: true } }
}

/**
 * @param messages that belong to it: the entry of its map field `x` must have the name `XEntry`. A map is not
 * written as protobuf.js' own: that names the entry otherwise in its descriptors (7.6.6), and clients of reflection
 * that check names, as those in Go, refuse the file.
 */
export function message(
  fields: Readonly<Record<string, Field>>,
  messages: Readonly<Record<string, Message | Enum>> = {},
): Message {
  const nestedMessages = Object.keys(messages).length === 0 ? {} : { nested: messages }
  const marked = Object.keys(fields).filter((name) => fields[name]?.options !== undefined)
  if (marked.length === 0) return { fields, ...nestedMessages }
  return {
    fields,
    ...nestedMessages,
    oneofs: Object.fromEntries(marked.map((name) => [`_${name}`, { oneof: [name] }])),
  }
}

/** A message of which each group of fields has at most one at a time. */
export function choosing(groups: Readonly<Record<string, readonly string[]>>, of: Message): Message {
  const chosen = Object.entries(groups).map(([name, oneof]) => [name, { oneof }] as const)
  return { ...of, oneofs: { ...of.oneofs, ...Object.fromEntries(chosen) } }
}

/** Names numbered from 0. */
export function numbered(...names: readonly string[]): Enum {
  return { values: Object.fromEntries(names.map((name, index) => [name, index])) }
}

/** `a.b.c` holding `members`. */
export function inPackage(name: string, members: Namespace['nested']): Namespace {
  return name
    .split('.')
    .reduceRight<Namespace>((inner, part) => ({ nested: { [part]: inner } }), { nested: members })
}

/** Packages that may share the start of their names, in one tree. */
export function merge(...spaces: readonly Namespace[]): Namespace {
  const nestedOfAll: Record<string, Member> = {}
  for (const { nested: members } of spaces) {
    for (const [name, member] of Object.entries(members)) {
      const present = nestedOfAll[name]
      nestedOfAll[name] =
        present !== undefined && isNamespace(present) && isNamespace(member) ? merge(present, member) : member
    }
  }
  return { nested: nestedOfAll }
}

/** The same for those who serve: what is undecoded has the type of bytes. */
export function asServed({ nested: members }: Namespace): Namespace {
  return { nested: mapValues(members, memberAsServed) }
}

function memberAsServed(member: Member): Member {
  if (isNamespace(member)) return asServed(member)
  return isMessage(member) ? messageAsServed(member) : member
}

function messageAsServed(given: Message): Message {
  const fields = mapValues(given.fields, ({ isUndecoded, ...field }) =>
    isUndecoded === true ? { ...field, type: 'bytes' } : field,
  )
  if (given.nested === undefined) return { ...given, fields }
  const inner = mapValues(given.nested, (each) => (isMessage(each) ? messageAsServed(each) : each))
  return { ...given, fields, nested: inner }
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, change: (value: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]))
}

export function isNamespace(member: Member): member is Namespace {
  return 'nested' in member && !('fields' in member)
}

export function isMessage(member: Member): member is Message {
  return 'fields' in member
}
