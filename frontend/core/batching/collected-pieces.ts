import type { ServingError } from '../../../worker/contract/errors.ts'
import type { BatchResponse, ResponsePiece } from '../../../worker/contract/messages.ts'
import type { ModelId } from '../../../worker/contract/model-id.ts'
import { answerTooLarge } from '../errors.ts'

/** Of one request. Streams have no end in sight, and nobody reads these before it. */
const MAX_COLLECTED_BYTES = 64 * 1024 * 1024

/** The pieces of a streamed answer whose caller wants it whole. */
export class CollectedPieces {
  readonly #model: ModelId
  readonly #pieces: ResponsePiece[] = []
  #bytes = 0

  constructor(model: ModelId) {
    this.#model = model
  }

  /** @returns why the answer cannot be had in one, when it has become too large. */
  add(piece: ResponsePiece): ServingError | undefined {
    this.#bytes += piece.bytes.byteLength
    if (this.#bytes > MAX_COLLECTED_BYTES) return answerTooLarge(this.#model, MAX_COLLECTED_BYTES)
    this.#pieces.push(piece)
    return undefined
  }

  /** The answer whole: the head of the first piece, the bytes of all and of the last. */
  joinedWith(last: BatchResponse): BatchResponse {
    const { status, headers, contentType } = this.#pieces[0] ?? {}
    const lastBytes = last.payload.kind === 'bytes' ? [last.payload.bytes] : []
    const bytes = Buffer.concat([...this.#pieces.map((piece) => piece.bytes), ...lastBytes])
    return {
      ...(status === undefined ? {} : { status }),
      ...(headers === undefined ? {} : { headers }),
      payload: { kind: 'bytes', ...(contentType === undefined ? {} : { contentType }), bytes },
    }
  }
}
