import type { Duplex } from 'node:stream'
import { FrameReader, type Frame } from '../../../worker/contract/frame.ts'
import { readsOfFrames, type SocketReads } from '../../../worker/contract/frame-reads.ts'
import { reusedMemoryForFrame } from './frame-memory.ts'

export type ChannelListener = {
  readonly onFrame: (frame: Frame) => void
  /** The other end is gone, or sent what is not a frame. Called once. */
  readonly onClose: (error: Error | undefined) => void
}

/** Opens a socket that reads this way. */
export type OpenSocket = (reads: SocketReads) => Duplex

/** Frames over the socket to one worker process. */
export class WorkerChannel {
  readonly #socket: Duplex
  readonly #listener: ChannelListener
  #isClosed = false

  constructor(open: OpenSocket, maxFrameBytes: number, listener: ChannelListener) {
    this.#listener = listener
    const reads = readsOfFrames(new FrameReader(maxFrameBytes, reusedMemoryForFrame), listener.onFrame)
    const socket = open({
      buffer: reads.buffer,
      callback: (byteLength, buffer) => this.#receive(reads, byteLength, buffer),
    })
    this.#socket = socket
    // A reset only says that the other end is gone; how it ended, its exit says.
    socket.on('error', () => {
      this.#close(undefined)
    })
    socket.on('close', () => {
      this.#close(undefined)
    })
  }

  /** Sends a frame, whole or in its pieces; these leave in one call of the system. */
  send(...pieces: readonly Uint8Array[]): void {
    if (this.#isClosed) return
    if (pieces.length > 1) this.#socket.cork()
    for (const piece of pieces) this.#socket.write(piece)
    if (pieces.length > 1) this.#socket.uncork()
  }

  #receive({ callback }: SocketReads, byteLength: number, buffer: Uint8Array): boolean {
    try {
      return callback(byteLength, buffer)
    } catch (error) {
      this.#close(error instanceof Error ? error : new Error(String(error)))
      return false
    }
  }

  #close(error: Error | undefined): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#socket.destroy()
    this.#listener.onClose(error)
  }
}
