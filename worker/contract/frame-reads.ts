import type { Frame, FrameReader } from './frame.ts'

/** The option `onread` of a socket. */
export type SocketReads = {
  /** Where the next read is to go. */
  readonly buffer: () => Uint8Array
  /** @returns whether to read on */
  readonly callback: (byteLength: number, buffer: Uint8Array) => boolean
}

/** As much as one read of a stream that allocates for itself. */
const SCRATCH_BYTES = 64 * 1024

/**
 * Lets a socket read large frames where they are to lie, and everything else into one buffer that is used again: as a
 * stream it allocates 64 KiB for each read, and whoever collects them copies all of them.
 *
 * The callback takes chunks that lie elsewhere, too.
 */
export function readsOfFrames(reader: FrameReader, onFrame: (frame: Frame) => void): SocketReads {
  const scratch = new Uint8Array(SCRATCH_BYTES)
  let room: Uint8Array | undefined
  return {
    buffer: () => {
      room = reader.room
      return room ?? scratch
    },
    callback: (byteLength, buffer) => {
      if (buffer === room) {
        const frame = reader.fill(byteLength)
        if (frame !== undefined) onFrame(frame)
      } else for (const frame of reader.push(buffer.subarray(0, byteLength))) onFrame(frame)
      return true
    },
  }
}
