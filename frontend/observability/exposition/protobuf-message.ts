const VARINT = 0
const FIXED_64 = 1
const LENGTH_DELIMITED = 2

/** A protobuf message being written, field after field. Only the wire types that metrics need. */
export class ProtobufMessage {
  readonly #parts: Uint8Array[] = []

  text(field: number, value: string): this {
    return this.#delimitedField(field, Buffer.from(value))
  }

  message(field: number, value: ProtobufMessage): this {
    return this.#delimitedField(field, value.bytes())
  }

  double(field: number, value: number): this {
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleLE(value)
    this.#parts.push(tag(field, FIXED_64), bytes)
    return this
  }

  /** @param value a whole number, not negative */
  varint(field: number, value: number): this {
    this.#parts.push(tag(field, VARINT), varintBytes(value))
    return this
  }

  /** A signed number of the types `sint32` and `sint64`. */
  zigzag(field: number, value: number): this {
    return this.varint(field, value < 0 ? -2 * value - 1 : 2 * value)
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#parts)
  }

  /** The message after its own length. */
  delimited(): Uint8Array {
    const bytes = this.bytes()
    return Buffer.concat([varintBytes(bytes.byteLength), bytes])
  }

  #delimitedField(field: number, bytes: Uint8Array): this {
    this.#parts.push(tag(field, LENGTH_DELIMITED), varintBytes(bytes.byteLength), bytes)
    return this
  }
}

function tag(field: number, wireType: number): Uint8Array {
  return varintBytes(field * 8 + wireType)
}

/** Divisions instead of shifts: counts may exceed 32 bits. */
function varintBytes(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  while (rest >= 128) {
    bytes.push((rest % 128) + 128)
    rest = Math.floor(rest / 128)
  }
  bytes.push(rest)
  return Uint8Array.from(bytes)
}
