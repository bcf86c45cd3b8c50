import { memoryForFrame } from '../../../worker/contract/frame.ts'
import type { ResponsePayload } from '../../../worker/contract/messages.ts'
import { LARGE_MEMORY_BYTES, ReusedMemory } from '../../../worker/contract/reused-memory.ts'

/** After the last large frame. */
const KEPT_MS = 10_000

const idle = setTimeout(() => {
  memory.drop()
}, KEPT_MS).unref()

/** Of the large frames that worker processes send to this one. */
const memory: ReusedMemory = new ReusedMemory(() => {
  idle.refresh()
})

export function reusedMemoryForFrame(byteLength: number): Uint8Array<ArrayBuffer> {
  if (byteLength < LARGE_MEMORY_BYTES) return memoryForFrame(byteLength)
  return memory.take(byteLength).subarray(0, byteLength)
}

/**
 * The next large frame may use the memory of the one that brought this answer.
 *
 * @param batchRequests of its batch: the frame holds the answers to all of them
 */
export function giveFrameBack(payload: ResponsePayload, batchRequests: number): void {
  if (payload.kind !== 'tensors' || batchRequests !== 1) return
  for (const tensor of payload.tensors) if (tensor.dtype !== 'BYTES') memory.give(tensor.data)
}
