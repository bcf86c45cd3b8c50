/*
 * Protocol Buffers, the writing half: as much as ONNX files need.
 * Wire format: protobuf.dev/programming-guides/encoding
 */

const VARINT = 0
const LENGTH_DELIMITED = 2
const FIXED_32 = 5

function varint(value: bigint): Uint8Array {
  const bytes: number[] = []
  // A negative number is written as its 64-bit two's complement.
  let rest = BigInt.asUintN(64, value)
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return Uint8Array.from(bytes)
}

function key(field: number, wireType: number): Uint8Array {
  return varint(BigInt((field << 3) | wireType))
}

export function integerField(field: number, value: number | bigint): Uint8Array {
  return Buffer.concat([key(field, VARINT), varint(BigInt(value))])
}

export function floatField(field: number, value: number): Uint8Array {
  return Buffer.concat([key(field, FIXED_32), new Uint8Array(Float32Array.of(value).buffer)])
}

export function bytesField(field: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([key(field, LENGTH_DELIMITED), varint(BigInt(bytes.byteLength)), bytes])
}

export function stringField(field: number, text: string): Uint8Array {
  return bytesField(field, Buffer.from(text))
}

export function messageField(field: number, ...fields: readonly Uint8Array[]): Uint8Array {
  return bytesField(field, Buffer.concat(fields))
}
