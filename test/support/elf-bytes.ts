const HEADER_BYTES = 64
const PROGRAM_HEADER_BYTES = 56
const ENTRY_BYTES = 16
/** The linker sees the file from here on; offsets in it differ from addresses, as in a real library. */
const BASE_ADDRESS = 0x10000

/** A shared library for linux/x64 that holds nothing but what it needs. */
export function elfBytes({
  needed,
  runpath,
}: {
  readonly needed: readonly string[]
  readonly runpath?: string
}) {
  const texts = [...needed, ...(runpath === undefined ? [] : [runpath])]
  const strings = Buffer.from(['', ...texts, ''].join('\0'))
  const offsetOf = (text: string) => strings.indexOf(`\0${text}\0`) + 1
  const dynamicOffset = HEADER_BYTES + 2 * PROGRAM_HEADER_BYTES
  const entries: (readonly [number, number])[] = needed.map((name) => [1, offsetOf(name)])
  if (runpath !== undefined) entries.push([29, offsetOf(runpath)])
  const stringsOffset = dynamicOffset + (entries.length + 3) * ENTRY_BYTES
  entries.push([5, BASE_ADDRESS + stringsOffset], [10, strings.length], [0, 0])
  const file = Buffer.alloc(stringsOffset + strings.length)
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]).copy(file)
  file.writeBigUInt64LE(BigInt(HEADER_BYTES), 32)
  file.writeUInt16LE(2, 56)
  writeSegment(file, HEADER_BYTES, { type: 1, offset: 0, bytes: file.length })
  const dynamic = { type: 2, offset: dynamicOffset, bytes: entries.length * ENTRY_BYTES }
  writeSegment(file, HEADER_BYTES + PROGRAM_HEADER_BYTES, dynamic)
  for (const [i, [tag, value]] of entries.entries()) {
    file.writeBigUInt64LE(BigInt(tag), dynamicOffset + i * ENTRY_BYTES)
    file.writeBigUInt64LE(BigInt(value), dynamicOffset + i * ENTRY_BYTES + 8)
  }
  strings.copy(file, stringsOffset)
  return file
}

type Segment = { readonly type: number; readonly offset: number; readonly bytes: number }

function writeSegment(file: Buffer, at: number, { type, offset, bytes }: Segment): void {
  file.writeUInt32LE(type, at)
  file.writeBigUInt64LE(BigInt(offset), at + 8)
  file.writeBigUInt64LE(BigInt(BASE_ADDRESS + offset), at + 16)
  file.writeBigUInt64LE(BigInt(bytes), at + 32)
}
