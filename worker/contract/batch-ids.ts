/*
 * The ids of batches say over which channel of a worker process they came: the upper eight bits are the number of
 * the channel, so that answers find their way without a table. Channel 0 is the one that every worker process is
 * started with; the others belong to further frontend processes.
 */
const COUNT_BITS = 24

/** What a sender of batches may call them, both ends included. */
export type BatchIds = { readonly first: number; readonly last: number }

/** Of a worker process with one channel only: all that the field of a frame can say, but 0, which is no batch. */
export const ALL_BATCH_IDS: BatchIds = { first: 1, last: 2 ** 32 - 1 }

export const MAIN_CHANNEL = 0
/** Channels beside the main one. */
export const MAX_GUEST_CHANNELS = 255

export function batchIdsOf(channel: number): BatchIds {
  const first = channel * 2 ** COUNT_BITS
  return { first: Math.max(1, first), last: first + 2 ** COUNT_BITS - 1 }
}

export function channelOf(batchId: number): number {
  return batchId >>> COUNT_BITS
}
