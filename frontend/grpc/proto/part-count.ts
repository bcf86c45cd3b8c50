import { isMessage, isNamespace, type Enum, type Message, type Namespace, type Service } from './message.ts'

/*
 * How many parts a message has, counted on the wire before it is decoded. protobuf.js makes an object of each: 4 MiB
 * of empty parts become 1 GB in 5 s (measured, 7.6).
 */

/** What the value of a field is: how it is written, or the full name of its message. */
type Kind = 'varint' | 'fixed32' | 'fixed64' | 'bytes' | { readonly message: string }
type Layout = ReadonlyMap<number, Kind>

const VARINT = 0
const FIXED64 = 1
const LENGTH_DELIMITED = 2
const FIXED32 = 5

const SCALARS: Readonly<Record<string, Kind>> = {
  string: 'bytes',
  bytes: 'bytes',
  float: 'fixed32',
  double: 'fixed64',
}
const WIRE_TYPES = { varint: VARINT, fixed32: FIXED32, fixed64: FIXED64, bytes: LENGTH_DELIMITED } as const

const MAX_DEPTH = 64
const MAX_TAG = 2 ** 32 - 1

/** Knows the messages of some descriptors. */
export class PartCounter {
  readonly #members = new Map<string, Message | Enum | Service>()
  readonly #layouts = new Map<string, Layout>()

  constructor(descriptors: Namespace) {
    this.#add(descriptors, '')
  }

  /** The full name of what a method takes. */
  requestType(service: string, method: string): string {
    const found = this.#members.get(service)
    const type = found !== undefined && 'methods' in found ? found.methods[method]?.requestType : undefined
    return this.#resolve(type ?? '', service)
  }

  /**
   * Counts fields and the elements of packed runs, in all depths.
   *
   * @returns undefined for bytes that are no such message; counting may end soon beyond `limit`
   */
  count(type: string, bytes: Uint8Array, limit: number): number | undefined {
    const counting = { bytes, limit, parts: 0 }
    return this.#walk(counting, { type, at: 0, end: bytes.byteLength, depth: 0 }) ? counting.parts : undefined
  }

  /** @returns false when the stretch is no such message */
  #walk(counting: Counting, { type, at, end, depth }: Stretch): boolean {
    const layout = this.#layoutOf(type)
    const cursor = new Cursor(counting.bytes, at, end)
    while (!cursor.isAtEnd && counting.parts <= counting.limit) {
      const tag = cursor.varint()
      const length = lengthOf(cursor, tag % 8)
      // protobuf.js drops what is beyond 32 bits of a tag.
      if (length === undefined || tag > MAX_TAG) return false
      const kind = layout.get(Math.floor(tag / 8))
      if (kind !== undefined && !isWrittenAs(kind, tag % 8)) return false
      counting.parts++
      const start = cursor.at
      if (!cursor.skip(length)) return false
      if (typeof kind === 'object') {
        const inner = { type: kind.message, at: start, end: cursor.at, depth: depth + 1 }
        if (depth === MAX_DEPTH || !this.#walk(counting, inner)) return false
      } else if (kind !== undefined && tag % 8 === LENGTH_DELIMITED) {
        counting.parts += packedElements(kind, counting.bytes, start, cursor.at)
      }
    }
    return true
  }

  #layoutOf(type: string): Layout {
    const known = this.#layouts.get(type)
    if (known !== undefined) return known
    const member = this.#members.get(type)
    const fields = member !== undefined && isMessage(member) ? Object.values(member.fields) : []
    const layout = new Map(fields.map((field) => [field.id, this.#kindOf(field.type, type)] as const))
    this.#layouts.set(type, layout)
    return layout
  }

  #kindOf(type: string, within: string): Kind {
    const scalar = SCALARS[type]
    if (scalar !== undefined) return scalar
    const name = this.#resolve(type, within)
    const member = this.#members.get(name)
    return member !== undefined && isMessage(member) ? { message: name } : 'varint' // an enum, or an integer
  }

  /** As protobuf does: from the inside to the outside. */
  #resolve(type: string, within: string): string {
    for (let scope = within; scope !== ''; scope = scope.slice(0, Math.max(0, scope.lastIndexOf('.')))) {
      if (this.#members.has(`${scope}.${type}`)) return `${scope}.${type}`
    }
    return type
  }

  #add({ nested }: Pick<Namespace, 'nested'>, prefix: string): void {
    for (const [name, member] of Object.entries(nested)) {
      if (isNamespace(member)) this.#add(member, `${prefix}${name}.`)
      else {
        this.#members.set(`${prefix}${name}`, member)
        if (isMessage(member) && member.nested !== undefined)
          this.#add({ nested: member.nested }, `${prefix}${name}.`)
      }
    }
  }
}

type Counting = { readonly bytes: Uint8Array; readonly limit: number; parts: number }
type Stretch = { readonly type: string; readonly at: number; readonly end: number; readonly depth: number }

/** How long the value is; undefined for none that protobuf has. The cursor stands before it. */
function lengthOf(cursor: Cursor, wireType: number): number | undefined {
  switch (wireType) {
    case VARINT:
      return cursor.varintLength()
    case FIXED64:
      return 8
    case FIXED32:
      return 4
    case LENGTH_DELIMITED:
      return cursor.varint()
    default:
      return undefined // groups, which protobuf has given up; and the end, where the tag is no number
  }
}

/** protobuf.js goes by the number of a field alone, and would read on at another place than this. */
function isWrittenAs(kind: Kind, wireType: number): boolean {
  if (wireType === LENGTH_DELIMITED) return true
  return typeof kind === 'string' && WIRE_TYPES[kind] === wireType
}

function packedElements(kind: Exclude<Kind, object>, bytes: Uint8Array, start: number, end: number): number {
  if (kind === 'bytes') return 0
  if (kind !== 'varint') return (end - start) / (kind === 'fixed32' ? 4 : 8)
  let count = 0
  for (let at = start; at < end; at++) if ((bytes[at] ?? 0) < 0x80) count++
  return count
}

const MAX_VARINT_BYTES = 10

class Cursor {
  at: number
  readonly #bytes: Uint8Array
  readonly #end: number

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.#bytes = bytes
    this.at = at
    this.#end = end
  }

  get isAtEnd(): boolean {
    return this.at >= this.#end
  }

  /** NaN when no whole one is left. */
  varint(): number {
    const length = this.varintLength()
    let value = 0
    for (let index = length - 1; index >= 0; index--)
      value = value * 128 + ((this.#bytes[this.at + index] ?? 0) & 0x7f)
    return this.skip(length) ? value : Number.NaN
  }

  /** NaN when no whole one is left. */
  varintLength(): number {
    for (let length = 1; length <= MAX_VARINT_BYTES && this.at + length <= this.#end; length++) {
      if ((this.#bytes[this.at + length - 1] ?? 0) < 0x80) return length
    }
    return Number.NaN
  }

  /** @returns false when so much is not left */
  skip(length: number): boolean {
    if (!(length <= this.#end - this.at)) return false
    this.at += length
    return true
  }
}
