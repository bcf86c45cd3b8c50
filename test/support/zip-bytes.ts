import { crc32, deflateRawSync } from 'node:zlib'

/** One entry of a hand-made zip file. What is left out is honest. */
export type ZipItem = {
  readonly name: string | Buffer
  readonly content: Uint8Array
  readonly method?: number
  readonly flags?: number
  /** What the headers say instead of the truth. */
  readonly declaredBytes?: number
  readonly declaredCompressedBytes?: number
  readonly crc?: number
  /** Unix mode in the directory; default a regular file. */
  readonly mode?: number
  /** The name in the local header, where it is to differ. */
  readonly localName?: string
  /** The stored data, instead of the content compressed. */
  readonly data?: Uint8Array
  /** Where the directory says the entry begins; it then has no data of its own. */
  readonly offset?: number
  readonly extra?: Uint8Array
}

export type ZipEnd = {
  readonly count?: number
  readonly directoryOffset?: number
  readonly directoryBytes?: number
  readonly diskNumber?: number
  readonly comment?: string
}

const DEFLATED = 8
const REGULAR_FILE = 0o100644

/** Writes a zip file without any library, so that a test can have one that no packer makes. */
export function zipBytes(items: readonly ZipItem[], end: ZipEnd = {}): Buffer {
  const body: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const item of items) {
    directory.push(directoryHeader(item, item.offset ?? offset))
    if (item.offset !== undefined) continue
    const entry = localEntry(item)
    body.push(entry)
    offset += entry.length
  }
  const place = { count: items.length, bytes: Buffer.concat(directory).length, offset }
  return Buffer.concat([...body, ...directory, endRecord(place, end)])
}

/** Local header and data of an entry. */
export function localEntry(item: ZipItem): Buffer {
  const name = Buffer.from(item.localName ?? item.name)
  const start = Buffer.from([0x50, 0x4b, 3, 4, 20, 0])
  return Buffer.concat([start, commonFields(item, name), name, item.extra ?? Buffer.alloc(0), dataOf(item)])
}

function dataOf({ content, data, method = DEFLATED }: ZipItem): Uint8Array {
  return data ?? (method === DEFLATED ? deflateRawSync(content) : content)
}

/** The fields that local header and directory share: flags to extra length. */
function commonFields(item: ZipItem, name: Buffer): Buffer {
  const fields = Buffer.alloc(24)
  fields.writeUInt16LE(item.flags ?? 0, 0)
  fields.writeUInt16LE(item.method ?? DEFLATED, 2)
  fields.writeUInt16LE(33, 6) // 1980-01-01
  fields.writeUInt32LE(item.crc ?? crc32(item.content), 8)
  fields.writeUInt32LE(item.declaredCompressedBytes ?? dataOf(item).length, 12)
  fields.writeUInt32LE(item.declaredBytes ?? item.content.length, 16)
  fields.writeUInt16LE(name.length, 20)
  fields.writeUInt16LE(item.extra?.length ?? 0, 22)
  return fields
}

function directoryHeader(item: ZipItem, offset: number): Buffer {
  const name = Buffer.from(item.name)
  const madeByUnix = 3
  const start = Buffer.from([0x50, 0x4b, 1, 2, 20, madeByUnix, 20, 0])
  const rest = Buffer.alloc(14)
  rest.writeUInt32LE(((item.mode ?? REGULAR_FILE) << 16) >>> 0, 6)
  rest.writeUInt32LE(offset, 10)
  return Buffer.concat([start, commonFields(item, name), rest, name, item.extra ?? Buffer.alloc(0)])
}

type Directory = { readonly count: number; readonly bytes: number; readonly offset: number }

function endRecord(directory: Directory, end: ZipEnd): Buffer {
  const record = Buffer.alloc(22)
  record.writeUInt32LE(0x06054b50, 0)
  record.writeUInt16LE(end.diskNumber ?? 0, 4)
  record.writeUInt16LE(end.count ?? directory.count, 8)
  record.writeUInt16LE(end.count ?? directory.count, 10)
  record.writeUInt32LE(end.directoryBytes ?? directory.bytes, 12)
  record.writeUInt32LE(end.directoryOffset ?? directory.offset, 16)
  record.writeUInt16LE(end.comment?.length ?? 0, 20)
  return Buffer.concat([record, Buffer.from(end.comment ?? '')])
}
