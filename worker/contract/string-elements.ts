import { isAscii, isUtf8 } from 'node:buffer'

/*
 * Strings as the Open Inference Protocol's binary BYTES: before each, its length in bytes as a little-endian u32.
 */
const PREFIX_BYTES = 4

export function bytesFromStrings(strings: readonly string[]): Uint8Array {
  const lengths = strings.map((text) => Buffer.byteLength(text))
  const bytes = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + PREFIX_BYTES + length, 0))
  let at = 0
  for (const [index, text] of strings.entries()) {
    at = bytes.writeUInt32LE(lengths[index] ?? 0, at)
    at += bytes.write(text, at)
  }
  return bytes
}

/** What {@link bytesFromStrings} has written. */
export function stringsFromBytes(bytes: Uint8Array): string[] {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const strings: string[] = []
  for (let offset = 0; offset < source.byteLength;) {
    const end = offset + PREFIX_BYTES + source.readUInt32LE(offset)
    strings.push(source.toString('utf8', offset + PREFIX_BYTES, end))
    offset = end
  }
  return strings
}

/**
 * What is wrong with a block that somebody else has written; undefined when it holds exactly `count` UTF-8 strings.
 * Makes no string: a block that claims more than it has costs nothing.
 */
export function stringsProblem(bytes: Uint8Array, count: number): string | undefined {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  // Most blocks are: then no string is looked at alone.
  const isKnownText = isAscii(source)
  let offset = 0
  let found = 0
  for (; offset < source.byteLength; found++) {
    const left = source.byteLength - offset - PREFIX_BYTES
    if (left < 0) return `ends inside the length prefix of element ${found}`
    const length = source.readUInt32LE(offset)
    if (length > left) return `has ${left} bytes left for element ${found}, whose prefix says ${length}`
    offset += PREFIX_BYTES + length
    if (!isKnownText && !isText(source, offset - length, offset)) return notText(found)
  }
  return found === count ? undefined : `holds ${found} elements`
}

/** A view of a few bytes costs more than looking at them. */
const SHORT_BYTES = 64

function isText(source: Uint8Array, start: number, end: number): boolean {
  if (end - start > SHORT_BYTES) return isUtf8(source.subarray(start, end))
  let bits = 0
  for (let index = start; index < end; index++) bits |= source[index] ?? 0
  return bits < 0x80 || isUtf8(source.subarray(start, end))
}

function notText(element: number): string {
  return `is not UTF-8 at element ${element}; send other bytes as base64 text, or as a UINT8 tensor`
}
