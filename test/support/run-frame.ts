import { runFramePieces } from '../../worker/contract/batch-codec.ts'
import type { BatchRequest } from '../../worker/contract/messages.ts'

/** A `run` frame as it arrives: whole, in a buffer of its own. */
export function runFrame(batchId: number, requests: readonly BatchRequest[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(runFramePieces(batchId, requests)))
}
