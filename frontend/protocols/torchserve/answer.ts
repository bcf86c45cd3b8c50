import type { InferenceResponse, OnPiece, ResponsePiece } from '../../core/data-plane.ts'
import { bytesOf, headOfPiece, responseToHttp } from './codec.ts'
import type { AnswerStream, RequestContext, Transport } from '../kernel/transport.ts'

/** The answer to one request: whole, or in pieces while its handler makes them. */
export class HttpAnswer {
  readonly #transport: Transport
  readonly #ctx: RequestContext
  #stream: AnswerStream | undefined

  constructor(transport: Transport, ctx: RequestContext) {
    this.#transport = transport
    this.#ctx = ctx
  }

  /** Undefined for clients of HTTP/1.0, which knows no chunks: they get the pieces put together. */
  get onPiece(): OnPiece | undefined {
    if (this.#ctx.req.httpVersion === '1.0') return undefined
    return (piece) => {
      this.#write(piece)
    }
  }

  #write(piece: ResponsePiece): void {
    this.#stream ??= this.#transport.openStream(this.#ctx, headOfPiece(piece))
    this.#stream.write(piece.bytes)
  }

  /** @throws ServingError what has cut the stream meanwhile */
  finish(response: InferenceResponse): void {
    if (this.#stream === undefined) this.#transport.send(this.#ctx, responseToHttp(response))
    else this.#stream.end(bytesOf(response.payload))
  }
}
