import { IncomingMessage } from 'node:http'

/** Takes the pieces of a body as the parser finds them. */
export type BodySink = { readonly onChunk: (chunk: Buffer) => void; readonly onEnd: () => void }

const NOBODY: BodySink = { onChunk: () => undefined, onEnd: () => undefined }

/**
 * A request whose body may go straight to who collects it. As a stream it passes a buffer, four events and as many
 * turns of the tick queue first, which costs a small request more than its route (measured).
 */
export class IncomingRequest extends IncomingMessage {
  #sink: BodySink | undefined
  #isStream = false

  /**
   * Gives the body to the sink, all of it, and nothing to the stream. The connection is not paused meanwhile.
   *
   * @returns whether it does: not when some of the body is in the stream already
   */
  giveBodyTo(sink: BodySink): boolean {
    if (this.#isStream) return false
    this.#sink = sink
    // Tells Node that somebody reads, or it would begin to discard the body when the answer is written.
    this.read(0)
    return true
  }

  /** Forgets the body as it comes. Node would send it through the stream, to nobody. */
  discardBody(): void {
    this.giveBodyTo(NOBODY)
  }

  /** The stream takes the body again, what still comes of it. */
  takeBodyBack(): void {
    this.#sink = undefined
  }

  static {
    // Node asks when the answer is written, to forget the request; the stream would never say yes.
    Object.defineProperty(this.prototype, 'readableEnded', {
      get(this: IncomingRequest) {
        if (this.#sink !== undefined) return this.complete
        return Reflect.get(IncomingMessage.prototype, 'readableEnded', this)
      },
    })
  }

  /** Called by Node's parser for each piece, and with null at the end. */
  override push(chunk: unknown, encoding?: BufferEncoding): boolean {
    const sink = this.#sink
    if (sink === undefined) {
      this.#isStream = true
      return super.push(chunk, encoding)
    }
    if (chunk === null) sink.onEnd()
    else sink.onChunk(chunk as Buffer) // the parser makes nothing else
    return true
  }
}
