/** What the dynamic linker reads of a shared library. */
export type DynamicSection = {
  readonly needed: readonly string[]
  /** Directories of RUNPATH or RPATH, `$ORIGIN` and all. */
  readonly searchPaths: readonly string[]
}

export type ReadAt = (offset: number, length: number) => Uint8Array

const HEADER_BYTES = 64
const PROGRAM_HEADER_BYTES = 56
const DYNAMIC_ENTRY_BYTES = 16
const MAX_STRINGS_BYTES = 64 * 2 ** 20
const LOAD = 1
const DYNAMIC = 2
const TAGS = { needed: 1, strings: 5, stringsBytes: 10, rpath: 15, runpath: 29 } as const

type Segment = {
  readonly type: number
  readonly offset: number
  readonly address: number
  readonly bytes: number
}

/**
 * Reads the dynamic section of a 64-bit little-endian ELF file, a few kilobytes of it however large it is.
 *
 * @throws Error when the file is something else, or is cut.
 * @see System V ABI, "Dynamic Section"
 */
export function readDynamicSection(readAt: ReadAt): DynamicSection {
  const header = viewOf(readAt(0, HEADER_BYTES), HEADER_BYTES)
  const isElf64 = header.getUint32(0) === 0x7f454c46 && header.getUint8(4) === 2 && header.getUint8(5) === 1
  if (!isElf64) throw new Error('it is no 64-bit little-endian ELF file')
  const segments = readSegments(header, readAt)
  const dynamic = segments.find(({ type }) => type === DYNAMIC)
  if (dynamic === undefined) throw new Error('it has no dynamic section, so it is no shared library')
  const entries = readEntries(viewOf(readAt(dynamic.offset, dynamic.bytes), dynamic.bytes))
  const valueOf = (tag: number) => entries.find((entry) => entry.tag === tag)?.value ?? 0
  const bytes = valueOf(TAGS.stringsBytes)
  if (bytes > MAX_STRINGS_BYTES) throw new Error(`its string table claims ${bytes} bytes`)
  const strings = readAt(fileOffset(valueOf(TAGS.strings), segments), bytes)
  const textsOf = (...tags: number[]) =>
    entries.filter(({ tag }) => tags.includes(tag)).map(({ value }) => textAt(strings, value))
  const searchPaths = textsOf(TAGS.rpath, TAGS.runpath).flatMap((paths) => paths.split(':'))
  return { needed: textsOf(TAGS.needed), searchPaths: searchPaths.filter((path) => path !== '') }
}

function readSegments(header: DataView, readAt: ReadAt): Segment[] {
  const count = header.getUint16(56, true)
  const table = viewOf(
    readAt(numberAt(header, 32), count * PROGRAM_HEADER_BYTES),
    count * PROGRAM_HEADER_BYTES,
  )
  return Array.from({ length: count }, (_, i) => {
    const at = i * PROGRAM_HEADER_BYTES
    return {
      type: table.getUint32(at, true),
      offset: numberAt(table, at + 8),
      address: numberAt(table, at + 16),
      bytes: numberAt(table, at + 32),
    }
  })
}

function readEntries(view: DataView): { readonly tag: number; readonly value: number }[] {
  const count = Math.floor(view.byteLength / DYNAMIC_ENTRY_BYTES)
  return Array.from({ length: count }, (_, i) => ({
    tag: numberAt(view, i * DYNAMIC_ENTRY_BYTES),
    value: numberAt(view, i * DYNAMIC_ENTRY_BYTES + 8),
  }))
}

/** The dynamic section gives addresses in memory; the segments say where they come from. */
function fileOffset(address: number, segments: readonly Segment[]): number {
  const holder = segments.find(
    (each) => each.type === LOAD && address >= each.address && address < each.address + each.bytes,
  )
  if (holder === undefined) throw new Error('its string table lies in none of its segments')
  return address - holder.address + holder.offset
}

function textAt(strings: Uint8Array, offset: number): string {
  const end = strings.indexOf(0, offset)
  return Buffer.from(strings.subarray(offset, end === -1 ? undefined : end)).toString()
}

function numberAt(view: DataView, offset: number): number {
  return Number(view.getBigUint64(offset, true))
}

function viewOf(bytes: Uint8Array, expectedBytes: number): DataView {
  if (bytes.byteLength < expectedBytes) throw new Error('it is cut: a table lies beyond its end')
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
