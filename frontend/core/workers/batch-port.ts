import { resultFromResultFrame, runFramePieces } from '../../../worker/contract/batch-codec.ts'
import { ALL_BATCH_IDS, type BatchIds } from '../../../worker/contract/batch-ids.ts'
import { markAlone, type Frame } from '../../../worker/contract/frame.ts'
import type { BatchRequest, BatchResult } from '../../../worker/contract/messages.ts'
import { frameFromCancel, pieceFromFrame } from '../../../worker/contract/piece-codec.ts'
import { WorkerDied, type OnMemberPiece } from '../batching/runners.ts'
import { BatchTable } from './batch-table.ts'

export type BatchPortOptions = {
  /** Sends a frame, in its pieces. */
  readonly send: (...pieces: readonly Uint8Array[]) => void
  /** Of its channel; absent: the worker process has this one only. */
  readonly ids?: BatchIds | undefined
}

/** A frame that belongs to a batch. */
export type BatchFrame = Frame & { readonly kind: 'result' | 'piece' | 'started' }

/** The batches that go to a worker process over one channel, and what comes back of them. */
export class BatchPort {
  readonly #send: BatchPortOptions['send']
  readonly #batches: BatchTable
  readonly #isShared: boolean
  /** Batches that have to be alone, and wait in the worker process for those of others. */
  readonly #unstarted = new Set<number>()

  constructor({ send, ids }: BatchPortOptions) {
    this.#send = send
    this.#batches = new BatchTable(ids ?? ALL_BATCH_IDS)
    this.#isShared = ids !== undefined
  }

  /** Batches that have not been answered. */
  get size(): number {
    return this.#batches.size
  }

  /** @throws WorkerDied when the process ends before its answer */
  run(requests: readonly BatchRequest[], onPiece: OnMemberPiece, isAlone: boolean): Promise<BatchResult> {
    return this.#batches.add(requests, onPiece, (id) => {
      const pieces = runFramePieces(id, requests)
      if (isAlone && this.#isShared) this.#mark(id, pieces)
      this.#send(...pieces)
    })
  }

  cancel(requests: readonly BatchRequest[], member: number): void {
    const id = this.#batches.idOf(requests)
    if (id !== undefined) this.#send(frameFromCancel(id, member))
  }

  /** Of a batch. */
  receive({ kind, id, buffer }: BatchFrame): void {
    switch (kind) {
      case 'started':
        this.#unstarted.delete(id)
        return
      case 'piece': {
        const { member, piece } = pieceFromFrame(buffer)
        this.#batches.givePiece(id, member, piece)
        return
      }
      case 'result':
        this.#batches.settle(id, resultFromResultFrame(buffer))
        return
      default:
        kind satisfies never
    }
  }

  /** The process has ended, or the way to it. */
  rejectAll(detail: string): void {
    this.#batches.rejectAll((id) => new WorkerDied(detail, !this.#unstarted.has(id)))
    this.#unstarted.clear()
  }

  #mark(id: number, [start]: readonly Uint8Array[]): void {
    if (start !== undefined) markAlone(start)
    this.#unstarted.add(id)
  }
}
