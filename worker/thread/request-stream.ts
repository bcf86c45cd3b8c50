import type { HandlerStream, ResponseControl } from '../handler.ts'
import { pieceFromValue } from './answer.ts'
import type { RequestLink } from './batch-link.ts'

/** The pieces of one request's answer, until the request is answered. */
export class RequestStream implements HandlerStream {
  hasWritten = false
  #link: RequestLink
  readonly #control: ResponseControl
  #hasEnded = false

  constructor(link: RequestLink, control: ResponseControl) {
    this.#link = link
    this.#control = control
  }

  write(piece: Uint8Array | string | object): boolean {
    if (this.#hasEnded || this.#link.isCancelled()) return false
    this.#link.send(pieceFromValue(piece, this.hasWritten ? undefined : this.#control))
    this.hasWritten = true
    return true
  }

  /** @param link of the next batch that its request takes part in */
  goOn(link: RequestLink): void {
    this.#link = link
  }

  end(): void {
    this.#hasEnded = true
  }
}
