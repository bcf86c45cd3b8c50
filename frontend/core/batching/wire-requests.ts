import type { BatchRequest } from '../../../worker/contract/messages.ts'
import type { PendingRequest } from './pending-request.ts'

export type WireOptions = {
  readonly nowMs: number
  /** Whether the handler reads request headers. */
  readonly usesHeaders: boolean
}

/** One for all: members of one form are told once. */
const NO_HEADERS: Readonly<Record<string, string>> = {}

/** The members of a batch as they are sent to a worker. */
export function wireRequests(
  members: readonly PendingRequest[],
  { nowMs, usesHeaders }: WireOptions,
): BatchRequest[] {
  return members.map(({ init }) => {
    const request = {
      id: init.id,
      headers: usesHeaders ? init.headers : NO_HEADERS,
      remainingMs: Math.max(0, init.deadlineMs - nowMs),
      payload: init.payload,
    }
    return init.operation === undefined ? request : { ...request, operation: init.operation }
  })
}
