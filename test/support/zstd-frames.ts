const MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])
const WINDOW_OF_1_MIB = 10 << 3
const BLOCK_BYTES = 128 * 1024

/** A frame whose window is given by its descriptor, with these blocks. @see RFC 8878, 3.1.1 */
export function zstdFrame(windowDescriptor: number, blocks: readonly Uint8Array[]): Buffer {
  return Buffer.concat([MAGIC, Buffer.of(0, windowDescriptor), ...blocks])
}

/** A block that repeats one byte. */
export function rleBlock(size: number, byte: number, isLast: boolean): Buffer {
  const header = (size << 3) | (1 << 1) | Number(isLast)
  return Buffer.of(header & 0xff, (header >> 8) & 0xff, header >> 16, byte)
}

/** Four bytes for every 128 KiB of zeros. */
export function zstdOfZeros(blocks: number): Buffer {
  const each = Array.from({ length: blocks }, (_, index) => rleBlock(BLOCK_BYTES, 0, index === blocks - 1))
  return zstdFrame(WINDOW_OF_1_MIB, each)
}
