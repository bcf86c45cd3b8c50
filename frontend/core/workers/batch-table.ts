import { ALL_BATCH_IDS, type BatchIds } from '../../../worker/contract/batch-ids.ts'
import type { BatchRequest, BatchResult, ResponsePiece } from '../../../worker/contract/messages.ts'
import { LiveList, type LivePlace } from '../../../worker/contract/live-list.ts'
import type { OnMemberPiece } from '../batching/runners.ts'

type Entry = {
  readonly id: number
  readonly requests: readonly BatchRequest[]
  readonly onPiece: OnMemberPiece
  readonly resolve: (result: BatchResult) => void
  readonly reject: (error: Error) => void
}

/** The batches that a worker process owes an answer to, by the id that their frames carry. */
export class BatchTable {
  readonly #entries = new LiveList<Entry>()
  readonly #ids: BatchIds
  #nextId: number

  constructor(ids = ALL_BATCH_IDS, nextId = ids.first) {
    this.#ids = ids
    this.#nextId = nextId
  }

  get size(): number {
    return this.#entries.size
  }

  /**
   * Sends a batch and waits for its end.
   *
   * @param send encodes first: a batch that cannot be sent throws here, and does not count as running.
   */
  add(
    requests: readonly BatchRequest[],
    onPiece: OnMemberPiece,
    send: (id: number) => void,
  ): Promise<BatchResult> {
    const id = this.#nextId
    // A busy worker comes to the last one within days; 0 is no batch.
    this.#nextId = id === this.#ids.last ? this.#ids.first : id + 1
    return new Promise((resolve, reject) => {
      send(id)
      this.#entries.add({ id, requests, onPiece, resolve, reject })
    })
  }

  /** The id of a batch by the list it was run with; undefined when it has ended. */
  idOf(requests: readonly BatchRequest[]): number | undefined {
    return this.#entries.find((entry) => entry.requests === requests)?.member.id
  }

  /** Pieces of a batch that has ended are dropped. */
  givePiece(id: number, member: number, piece: ResponsePiece): void {
    this.#placeOf(id)?.member.onPiece(member, piece)
  }

  settle(id: number, result: BatchResult): void {
    const place = this.#placeOf(id)
    if (place === undefined) return
    this.#entries.remove(place)
    place.member.resolve(result)
  }

  rejectAll(errorOf: (id: number) => Error): void {
    const entries = [...this.#entries]
    this.#entries.clear()
    for (const { id, reject } of entries) reject(errorOf(id))
  }

  /** A worker process has a few at a time. */
  #placeOf(id: number): LivePlace<Entry> | undefined {
    return this.#entries.find((entry) => entry.id === id)
  }
}
