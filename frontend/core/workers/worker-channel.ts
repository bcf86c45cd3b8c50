import type { Duplex } from 'node:stream'
import { FrameReader, type Frame } from '../../../worker/contract/frame.ts'

export type ChannelListener = {
  readonly onFrame: (frame: Frame) => void
  /** The other end is gone, or sent what is not a frame. Called once. */
  readonly onClose: (error: Error | undefined) => void
}

/** Frames over the socket to one worker process. */
export class WorkerChannel {
  readonly #socket: Duplex
  readonly #reader: FrameReader
  readonly #listener: ChannelListener
  #isClosed = false

  constructor(socket: Duplex, maxFrameBytes: number, listener: ChannelListener) {
    this.#socket = socket
    this.#reader = new FrameReader(maxFrameBytes)
    this.#listener = listener
    socket.on('data', (chunk: Uint8Array) => {
      this.#receive(chunk)
    })
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

  #receive(chunk: Uint8Array): void {
    try {
      for (const frame of this.#reader.push(chunk)) this.#listener.onFrame(frame)
    } catch (error) {
      this.#close(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #close(error: Error | undefined): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#socket.destroy()
    this.#listener.onClose(error)
  }
}
