import type { ServingError } from '../../../worker/contract/errors.ts'
import type { BatchResponse, ResponsePiece } from '../../../worker/contract/messages.ts'
import type { ModelId } from '../../../worker/contract/model-id.ts'
import { answerTooLarge } from '../errors.ts'

/** Of one request. Streams have no end in sight, and nobody reads these before it. */
const MAX_COLLECTED_BYTES = 64 * 1024 * 1024

/** The pieces of a streamed answer whose caller wants it whole. */
export class CollectedPieces {
  readonly #model: ModelId
  readonly #maxBytes: number
  readonly #pieces: ResponsePiece[] = []
  #bytes = 0

  /** @param maxResponseBytes of the model, if it has such a limit */
  constructor(model: ModelId, maxResponseBytes = MAX_COLLECTED_BYTES) {
    this.#model = model
    this.#maxBytes = Math.min(maxResponseBytes, MAX_COLLECTED_BYTES)
  }

  /** @returns why the answer cannot be had in one, when it has become too large. */
  add(piece: ResponsePiece): ServingError | undefined {
    this.#bytes += piece.bytes.byteLength
    if (this.#bytes > this.#maxBytes) return answerTooLarge(this.#model, this.#maxBytes)
    this.#pieces.push(piece)
    return undefined
  }

  /** The answer whole: the head of the first piece, the bytes of all. */
  joined(): BatchResponse {
    const { status, headers, contentType } = this.#pieces[0] ?? {}
    const bytes = Buffer.concat(this.#pieces.map((piece) => piece.bytes))
    return {
      ...(status === undefined ? {} : { status }),
      ...(headers === undefined ? {} : { headers }),
      payload: { kind: 'bytes', ...(contentType === undefined ? {} : { contentType }), bytes },
    }
  }
}
