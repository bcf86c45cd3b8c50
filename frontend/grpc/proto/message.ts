/*
 * Messages and services as data, in the form of protobuf.js' JSON descriptors. They are code, not `.proto` files, so
 * that the build, the package and the tests need no step that copies them; clients get them through reflection.
 */

export type Scalar = 'string' | 'bytes' | 'bool' | 'int32' | 'int64'

type Field = {
  readonly type: string
  readonly id: number
  readonly rule?: 'repeated'
  readonly options?: { readonly proto3_optional: true }
}

export type Message = {
  readonly fields: Readonly<Record<string, Field>>
  readonly oneofs?: Readonly<Record<string, { readonly oneof: readonly string[] }>>
  readonly nested?: Readonly<Record<string, Message>>
  readonly options?: { readonly map_entry: true }
}

type Method = {
  readonly requestType: string
  readonly responseType: string
  readonly requestStream?: true
  readonly responseStream?: true
}

export type Service = { readonly methods: Readonly<Record<string, Method>> }

export type Namespace = { readonly nested: Readonly<Record<string, Namespace | Message | Service>> }

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

/** A field whose absence can be told from its zero value. On the wire it is the same as one without this mark. */
export function optional(type: string, id: number): Field {
  return { type, id, options: { proto3_optional: true } }
}

/** The entries of a map: on the wire, a map is a repeated message of this form. */
export function mapEntry(keyType: Scalar, type: Scalar): Message {
  return { fields: { key: field(keyType, 1), value: field(type, 2) }, options: { map_entry: true } }
}

/**
 * @param messages that belong to it: the entry of its map field `x` must have the name `XEntry`. A map is not
 * written as protobuf.js' own: that names the entry otherwise in its descriptors (7.6.6), and clients of reflection
 * that check names, as those in Go, refuse the file.
 */
export function message(
  fields: Readonly<Record<string, Field>>,
  messages: Readonly<Record<string, Message>> = {},
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

/** `a.b.c` holding `members`. */
export function inPackage(name: string, members: Namespace['nested']): Namespace {
  return name
    .split('.')
    .reduceRight<Namespace>((inner, part) => ({ nested: { [part]: inner } }), { nested: members })
}

/** Packages that may share the start of their names, in one tree. */
export function merge(...spaces: readonly Namespace[]): Namespace {
  const nestedOfAll: Record<string, Namespace | Message | Service> = {}
  for (const { nested: members } of spaces) {
    for (const [name, member] of Object.entries(members)) {
      const present = nestedOfAll[name]
      nestedOfAll[name] = isNamespace(present) && isNamespace(member) ? merge(present, member) : member
    }
  }
  return { nested: nestedOfAll }
}

function isNamespace(member: Namespace | Message | Service | undefined): member is Namespace {
  return member !== undefined && 'nested' in member && !('fields' in member)
}
