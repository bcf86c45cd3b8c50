import { Decompress } from 'fzstd'

export type ZstdLimits = {
  readonly maxBytes: number
  /** What a frame may ask to be kept of its output. */
  readonly maxWindowBytes: number
}

/** More came out than was allowed. */
export class ZstdTooLarge extends Error {}

/**
 * Unpacks a whole body of Zstandard frames. Blocks the thread.
 *
 * @throws Error when it is malformed; {@link ZstdTooLarge}
 */
export function decodeZstd(packed: Uint8Array, { maxBytes, maxWindowBytes }: ZstdLimits): Buffer {
  // The decoder allocates what a frame says that it needs.
  checkFrames(packed, maxWindowBytes)
  const blocks: Uint8Array[] = []
  let bytes = 0
  const decoder = new Decompress((block) => {
    bytes += block.byteLength
    if (bytes > maxBytes) throw new ZstdTooLarge()
    blocks.push(block)
  })
  decoder.push(packed, true)
  return Buffer.concat(blocks, bytes)
}

const MAGIC = 0xfd2fb528
const SKIPPABLE_MAGIC = 0x184d2a5
const MAX_BLOCK_BYTES = 128 * 1024
const BLOCK_HEADER_BYTES = 3
const RLE_BLOCK = 1

/**
 * Walks over all frames and blocks by their headers.
 *
 * @throws Error when one is cut, or needs what is not there
 * @see RFC 8878, 3.1
 */
export function checkFrames(packed: Uint8Array, maxWindowBytes: number): void {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength)
  let offset = 0
  while (offset < packed.byteLength) {
    const magic = view.getUint32(offset, true)
    if (magic >>> 4 === SKIPPABLE_MAGIC) offset += 8 + view.getUint32(offset + 4, true)
    else if (magic === MAGIC) offset = endOfFrame(view, offset + 4, maxWindowBytes)
    else throw new Error('a frame has no known start')
  }
  if (offset > packed.byteLength) throw new Error('the last frame is cut')
}

function endOfFrame(view: DataView, start: number, maxWindowBytes: number): number {
  const descriptor = view.getUint8(start)
  const isSingleSegment = (descriptor & 0x20) !== 0
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0
  const sizeFlag = descriptor >> 6
  const sizeBytes = sizeFlag === 0 ? Number(isSingleSegment) : 1 << sizeFlag
  const afterWindow = start + (isSingleSegment ? 1 : 2)
  const sizeOffset = afterWindow + dictionaryBytes
  const windowBytes = isSingleSegment
    ? contentBytes(view, sizeOffset, sizeBytes)
    : windowOf(view.getUint8(start + 1))
  if (dictionaryBytes > 0) throw new Error('a frame needs a dictionary')
  if (windowBytes > maxWindowBytes) throw new Error(`a frame needs a window of ${windowBytes} bytes`)
  let offset = sizeOffset + sizeBytes
  for (let isLast = false; !isLast;) {
    const header = view.getUint16(offset, true) | (view.getUint8(offset + 2) << 16)
    const size = header >> 3
    if (size > MAX_BLOCK_BYTES) throw new Error(`a block has ${size} bytes`)
    isLast = (header & 1) === 1
    offset += BLOCK_HEADER_BYTES + (((header >> 1) & 3) === RLE_BLOCK ? 1 : size)
  }
  const hasChecksum = (descriptor & 4) !== 0
  return offset + (hasChecksum ? 4 : 0)
}

function contentBytes(view: DataView, offset: number, sizeBytes: number): number {
  switch (sizeBytes) {
    case 1:
      return view.getUint8(offset)
    case 2:
      return view.getUint16(offset, true) + 256
    case 4:
      return view.getUint32(offset, true)
    default:
      return Number(view.getBigUint64(offset, true))
  }
}

function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3))
  return base + (base / 8) * (descriptor & 7)
}
