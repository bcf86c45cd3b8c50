import type { ResponsePiece } from '../contract/messages.ts'

/** What a running request and the frontend tell each other before its reply. */
export interface RequestLink {
  /** Sends a piece of the answer. @throws ServingError `resource_exhausted` */
  send(piece: ResponsePiece): void
  /** Whether nobody waits for the answer any more; also when word of it arrived while the thread was busy. */
  isCancelled(): boolean
  /** Calls back when that word arrives later. */
  onCancel(listener: () => void): void
}

/** The links of a batch's members, by their places in the batch. */
export type BatchLink = (member: number) => RequestLink

/** For a batch that came over no channel: its pieces go nowhere. */
export const NO_LINK: RequestLink = {
  send: () => undefined,
  isCancelled: () => false,
  onCancel: () => undefined,
}
